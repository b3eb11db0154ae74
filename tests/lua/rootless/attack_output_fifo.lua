-- output_fifo: the same by an ordinary user.
require("ordinary").runs "attacks.output_fifo"
