-- join_ptrace: the same by an ordinary user.
require("ordinary").runs "attacks.join_ptrace"
