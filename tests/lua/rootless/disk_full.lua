-- disk_full: the same by an ordinary user.
require("ordinary").runs "scenarios.disk_full"
