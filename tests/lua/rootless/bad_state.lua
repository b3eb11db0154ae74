-- bad_state: the same by an ordinary user.
require("ordinary").runs "scenarios.bad_state"
