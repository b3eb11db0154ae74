-- host_fds: the same by an ordinary user.
require("ordinary").runs "attacks.host_fds"
