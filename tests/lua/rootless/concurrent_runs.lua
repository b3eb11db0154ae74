-- concurrent_runs: the same by an ordinary user.
require("ordinary").runs "scenarios.concurrent_runs"
