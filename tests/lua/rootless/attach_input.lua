-- attach_input: the same by an ordinary user.
require("ordinary").runs "scenarios.attach_input"
