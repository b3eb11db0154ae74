-- oom_live: the same by an ordinary user.
require("ordinary").runs("scenarios.oom_live", { needs = "memory" })
