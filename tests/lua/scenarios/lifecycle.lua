-- create, start, exec, pause, inspect, top, rename, kill, wait, restart, rm, prune: the life cycle of one container.
local check = require "check"

local id = check.succeeds("create", "--name", "web", "-e", "A=1", "sh", "-c", "trap 'exit 4' TERM; echo up $A; while :; do sleep 0.05; done"):sub(1, 12)
check.equal(check.succeeds("inspect", "--format", "state.status", "web"), "created\n")
check.equal(check.succeeds("start", "web"), "web\n")
check.equal(check.succeeds("start", "web"), "web\n", "it is running already")

-- exec: inside every namespace, with the container's environment; its status is returned.
local inside = check.succeeds("exec", "-e", "B=2", "-w", "/tmp", "web", "sh", "-c", "echo $A $B $(pwd) $(hostname) $(ls /proc | grep -c '^[0-9]*$')")
assert(inside:match("^1 2 /tmp " .. id .. " %d+\n$"), inside)
check.equal(check.run({ "exec", "web", "sh", "-c", "exit 9" }).status, 9)
check.equal(check.run({ "exec", "web", "no-such-program" }).status, 127)
check.equal(check.run({ "exec", "-u", "nobody", "web", "id", "-u" }).out, "65534\n")
check.equal(check.succeeds("exec", "web", "sh", "-c", "ls -l /proc/self/fd | wc -l"), "5\n", "descriptors")
check.equal(check.succeeds("exec", "web", "cat", "/proc/self/cgroup"):match("0::(%S+)"), "/", "its cgroup is the root it sees")
assert(check.succeeds("top", "web"):match("\n1 +%d+ +0 +%S +%d+ kB +sh %-c"), "top")

check.succeeds("pause", "web")
local frozen = check.run { "exec", "web", "true" }
check.equal(frozen.err, "tinylua: web is paused\n  hint: tinylua unpause web\n")
check.equal(frozen.status, 125)
check.succeeds("unpause", "web")

check.succeeds("rename", "web", "site")
check.equal(check.run({ "exec", "web", "true" }).err, 'tinylua: no such container: "web"\n  hint: `tinylua ps -a` lists them\n')
check.equal(check.run({ "rm", "site" }).err, "tinylua: site is running\n  hint: stop it first, or use rm -f\n")
check.equal(check.run({ "kill", "-s", "SIGWOOF", "site" }).status, 2)
check.succeeds("kill", "-s", "TERM", "site")
check.equal(check.succeeds("wait", "site"), "4\n")
check.equal(check.run({ "exec", "site", "true" }).err, "tinylua: site is not running\n  hint: tinylua start site\n")

check.succeeds("restart", "site")
-- The program runs and has yet to write its first line: until then there is one line less.
local log
repeat log = check.succeeds("logs", "site") until log ~= "up 1\n"
check.equal(log, "up 1\nup 1\n", "the log goes on")
check.succeeds("pause", "site")
check.equal(check.succeeds("rm", "-f", "site"), "site\n")
check.no_container()

check.succeeds("run", "true")
check.succeeds("create", "true")
local running = check.succeeds("run", "-d", "sleep", "60"):sub(1, 12)
check.succeeds("prune")
check.equal(check.succeeds("ps", "-aq"), running .. "\n", "prune leaves what runs")
check.succeeds("rm", "-f", running)
check.no_container()
