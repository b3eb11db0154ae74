-- lost_output: the same by an ordinary user.
require("ordinary").runs "scenarios.lost_output"
