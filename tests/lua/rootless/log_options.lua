-- log_options: the same by an ordinary user.
require("ordinary").runs "scenarios.log_options"
