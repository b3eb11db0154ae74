-- log_bad_output: the same by an ordinary user.
require("ordinary").runs "scenarios.log_bad_output"
