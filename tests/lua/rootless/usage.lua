-- usage: the same by an ordinary user.
require("ordinary").runs("scenarios.usage", { needs = "memory" })
