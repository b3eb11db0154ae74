-- proc_redirect: the same by an ordinary user.
require("ordinary").runs "attacks.proc_redirect"
