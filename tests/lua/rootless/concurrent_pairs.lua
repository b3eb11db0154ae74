-- concurrent_pairs: the same by an ordinary user.
require("ordinary").runs("scenarios.concurrent_pairs", { needs = "memory" })
