-- trace_detach: the same by an ordinary user.
require("ordinary").runs "scenarios.trace_detach"
