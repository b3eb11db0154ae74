-- status_spoof: the same by an ordinary user.
require("ordinary").runs "attacks.status_spoof"
