-- As attacks/stuck_supervisor, by an ordinary user.
require("ordinary").runs "attacks.stuck_supervisor"
