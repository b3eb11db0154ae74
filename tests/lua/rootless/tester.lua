-- tester: the same by an ordinary user.
require("ordinary").runs "scenarios.tester"
