-- limits: the same by an ordinary user.
require("ordinary").runs("scenarios.limits", { needs = "memory" })
