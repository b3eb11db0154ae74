-- mount_flags: the same by an ordinary user.
require("ordinary").runs "attacks.mount_flags"
