-- init_terminal: the same by an ordinary user.
require("ordinary").runs "scenarios.init_terminal"
