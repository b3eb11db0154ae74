-- log_tail: the same by an ordinary user.
require("ordinary").runs "scenarios.log_tail"
