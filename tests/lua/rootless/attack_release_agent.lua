-- release_agent: the same by an ordinary user.
require("ordinary").runs "attacks.release_agent"
