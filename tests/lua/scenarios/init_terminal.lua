-- run --init -it: Ctrl-C reaches the program, once, and job control works.
local check = require "check"
local sit = require "person"

local one = sit("run", "--rm", "--init", "-it", "sh", "-c", "n=0; trap 'n=$((n+1)); echo caught $n' INT; echo ready; sleep 1; sleep 1; echo end $n")
one:sees("ready")
one:type("\3")
one:sees("caught 1")
one:sees("end 1")
check.equal(one:leaves(), 0)

-- Without -t the signal is passed on, and there is no message that it would be discarded.
local plain = sit("run", "--rm", "--init", "sh", "-c", "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.1; done")
plain:sees("ready\r\n")
plain:type("\3")
check.equal(plain:sees("^(.-)caught"), "^C")
check.equal(plain:leaves(), 3)

local shell = sit("run", "--rm", "--init", "-it", "bash", "--norc", "-i")
-- The typed text is echoed too, so the program prints it differently. It waits by itself: a shell that is stopped while
-- it starts a program waits for that program's start, and never stops.
shell:type("sh -c 'echo go\"\"ing; read x'\n")
shell:sees("going")
shell:type("\26")
shell:sees("Stopped")
shell:type("kill %1; tty; exit 5\n")
shell:sees("/dev/pts/0")
check.equal(shell:leaves(), 5)
check.no_container()
