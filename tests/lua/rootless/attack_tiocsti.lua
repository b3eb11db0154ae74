-- tiocsti: the same by an ordinary user.
require("ordinary").runs "attacks.tiocsti"
