-- events: the same by an ordinary user.
require("ordinary").runs("scenarios.events", { needs = "pids" })
