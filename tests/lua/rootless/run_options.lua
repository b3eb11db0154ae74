-- run_options: the same by an ordinary user.
require("ordinary").runs "scenarios.run_options"
