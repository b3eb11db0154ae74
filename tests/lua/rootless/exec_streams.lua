-- exec_streams: the same by an ordinary user.
require("ordinary").runs "scenarios.exec_streams"
