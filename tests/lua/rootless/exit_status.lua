-- exit_status: the same by an ordinary user.
require("ordinary").runs "scenarios.exit_status"
