-- attach_no_log: the same by an ordinary user.
require("ordinary").runs "scenarios.attach_no_log"
