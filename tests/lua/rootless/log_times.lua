-- log_times: the same by an ordinary user.
require("ordinary").runs "scenarios.log_times"
