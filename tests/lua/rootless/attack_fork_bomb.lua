-- fork_bomb: the same by an ordinary user.
require("ordinary").runs("attacks.fork_bomb", { needs = "pids" })
