-- system_calls: the same by an ordinary user.
require("ordinary").runs "attacks.system_calls"
