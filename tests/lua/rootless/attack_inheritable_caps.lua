-- inheritable_caps: the same by an ordinary user.
require("ordinary").runs "attacks.inheritable_caps"
