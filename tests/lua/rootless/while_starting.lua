-- while_starting: the same by an ordinary user.
require("ordinary").runs "scenarios.while_starting"
