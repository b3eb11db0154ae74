-- tar_metadata: the same by an ordinary user.
require("ordinary").runs "attacks.tar_metadata"
