-- sockets_of_ours: the same by an ordinary user.
require("ordinary").runs "attacks.sockets_of_ours"
