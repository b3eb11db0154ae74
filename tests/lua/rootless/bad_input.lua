-- bad_input: the same by an ordinary user.
require("ordinary").runs "scenarios.bad_input"
