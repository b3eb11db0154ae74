-- run -it, detach, attach, exec -it, on a real terminal.
local check = require "check"
local sit = require "person"

-- Its shell is on the container's first terminal, with the size of the user's terminal.
local one = sit("run", "-it", "--name", "box", "-e", "PS1=box> ", "sh", "-i")
one:sees("box> ")
one:type("tty; stty size\n")
one:sees("/dev/pts/0\r\n24 80\r\n.*box> ")
one:type("echo tty >/dev/tty; ls -l /proc/self/fd | grep -c /dev/pts/0\n")
one:sees("\ntty\r\n2\r\n.*box> ")
one:type("echo cons >/dev/console; stat -c %t:%T /dev/console /dev/pts/0\n")
one:sees("\ncons\r\n(%x+:%x+)\r\n%1\r\n.*box> ")

one:type("echo term $TERM\n")
one:sees("\nterm xterm\r\n.*box> ")

-- Changes of the size are passed on.
tiny.terminal_size(one.master, { rows = 50, cols = 132 })
one:type("sleep 0.1; stty size\n")
one:sees("50 132\r\n")

-- The process that is stopped or ended is alone in its group by the time it prints: a shell that has just forked would
-- lose the key on any terminal. Ctrl-C ends the program in the foreground, not the shell; Ctrl-Z and fg work.
one:type("sh -c 'echo g\\o; exec sleep 100'\n")
one:sees("go\r\n")
one:type("\3")
one:sees("box> ")
one:type("echo status $?\n")
one:sees("status 130\r\n")
one:type("sh -c 'echo u\\p; read x; echo d\\own $x'\n")
one:sees("up\r\n")
one:type("\26")
one:sees("Stopped.*box> ")
one:type("fg\n")
one:sees("sh %-c")
one:type("again\n")
one:sees("down again\r\n.*box> ")

-- Detach and attach again; one key of the sequence alone is passed on.
one:type("stty -echo; cat -v\n")
one:type("\16x\n")
one:sees("%^Px\r\n")
one:type("\4stty echo; echo left=$$\n")
one:sees("left=1\r\n")
one:type("\16\17")
check.equal(one:leaves(), 0, "detached")
one:sees("box is still running; `tinylua attach box` attaches again")

local two, three = sit("attach", "box"), sit("attach", "--detach-keys", "ctrl-a,d", "box")
three:type("echo h$((1+2))re\n")
three:sees("h3re\r\n")
two:type("echo t$((1+1))o\n")
two:sees("t2o\r\n")
three:sees("t2o\r\n")
three:type("echo thr$((1+2))e\n")
two:sees("thr3e\r\n")
two.child:kill("SIGKILL")
two.child:wait()
three:type("echo still $((40+2))\n")
three:sees("still 42\r\n")
three:type("\1d")
check.equal(three:leaves(), 0, "detached by other keys")

-- A signal to the client is passed to the program, unless it is meant for the client; its terminal is restored.
local told = sit("attach", "--sig-proxy", "false", "box")
told:type("echo f$((2+2))r\n")
told:sees("f4r\r\n")
told.child:kill("SIGTERM")
check.equal(told:leaves(), 0, "a signal ends the showing")
told = sit("attach", "--no-stdin", "box")
local other = sit("attach", "box")
repeat other:type("\n") until #tiny.poll({ told.master }, "100ms") > 0
other:type("echo l$((1+1))k\n")
told:sees("l2k\r+\n") -- after a prompt, because it was typed ahead
told:type("exit 9\n")
other:type("\16\17")
check.equal(other:leaves(), 0)
told.child:kill("SIGHUP")
check.equal(told:leaves(), 0, "a terminal that is gone")
assert(check.succeeds("ps"):match("box"), "it runs on")

-- A program started by exec has a separate terminal.
check.equal(check.run({ "exec", "-it", "box", "cat" }, "").err, "tinylua: the input is not a terminal: leave out -t\n")
local beside = sit("exec", "-it", "box", "sh", "-i")
beside:type("tty; stty size\n")
beside:sees("/dev/pts/1\r\n24 80\r\n")
tiny.terminal_size(beside.master, { cols = 99 })
beside:type("sleep 0.1; stty size\n")
beside:sees("24 99\r\n")
beside:type("echo term $TERM\n")
beside:sees("term xterm\r\n")
beside:type("sh -c 'echo g\\o; exec sleep 100'\n")
beside:sees("go\r\n")
beside:type("\3")
beside:type("exit 6\n")
check.equal(beside:leaves(), 6, "exec's status")

-- The end is sent to all attached clients, with its status; the log has everything that was shown.
local four = sit("attach", "box")
four:type("exit 7\n")
check.equal(four:leaves(), 7, "the status")
assert(check.succeeds("ps", "-a"):match("Exited %(7%)"), "ps")
assert(check.succeeds("logs", "box"):match("t2o\r\n"), "logs")
check.equal(check.run({ "attach", "box" }).err, "tinylua: box is not running\n  hint: tinylua start box\n")

-- A foreground client that is killed leaves the container running, and attach finds it.
check.succeeds("start", "box")
check.succeeds("rm", "-f", "box")
local five = sit("run", "-it", "--rm", "--name", "box", "sh", "-i")
five:type("x=kept; echo r$((1))ady\n")
five:sees("r1ady\r\n")
five.child:kill("SIGKILL")
five.child:wait()
local six = sit("attach", "box")
six:type("echo $x\n")
six:sees("kept\r\n")
six:type("exit 3\n")
check.equal(six:leaves(), 3, "the status")
check.no_container()

-- Without -i input is not passed on, but Ctrl-C reaches the program.
local eight = sit("run", "-t", "--rm", "sh", "-c", "trap 'exit 9' INT; echo up; while :; do sleep 0.05; done")
eight:sees("up")
eight:type("\3")
check.equal(eight:leaves(), 9, "the status")
-- Input that is no terminal is refused, as by docker; without -i it is not read.
check.equal(check.run({ "run", "-it", "--rm", "cat" }, "typed\n").err, "tinylua: the input is not a terminal: leave out -t\n")
check.equal(check.run({ "run", "-t", "--rm", "sh", "-c", "tty >/dev/null && exit 5" }).status, 5)
check.equal(check.run({ "run", "-t", "--rm", "--host", "no-such-program" }).status, 127)
check.equal(check.run({ "run", "-it", "--detach-keys", "ctrl-pp", "true" }).err:match("^[^\n]+"), 'tinylua: --detach-keys: "ctrl-pp" is not a key')
check.no_container()

-- Without -t, attach shows the output.
local id = check.succeeds("run", "-d", "sh", "-c", "trap 'echo bye; exit 4' TERM; while :; do echo again; sleep 0.05; done")
local seven = sit("attach", id:sub(1, 12))
seven:sees("again")
check.succeeds("stop", id:sub(1, 12))
seven:sees("bye")
check.equal(seven:leaves(), 4, "the status")
check.succeeds("rm", id:sub(1, 12))
