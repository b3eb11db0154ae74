-- terminal_escapes: the same by an ordinary user.
require("ordinary").runs "attacks.terminal_escapes"
