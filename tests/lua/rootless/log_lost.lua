-- log_lost: the same by an ordinary user.
require("ordinary").runs "scenarios.log_lost"
