-- stop: a container whose PID 1 has no handler for SIGTERM is killed, and the reason is said.
local check = require "check"

check.succeeds("run", "-d", "--name", "deaf", "sleep", "60")
local start = tiny.clock("monotonic")
local stopped = check.run { "stop", "-t", "300ms", "deaf" }
local took = tiny.clock("monotonic") - start
check.equal(stopped.status, 0)
check.equal(stopped.out, "deaf\n")
assert(stopped.err:match("deaf: PID 1 has no handler for SIGTERM, so the kernel dropped it"), stopped.err)
assert(took > 0.3, "the grace period was kept")
local shown = tiny.json_decode(check.succeeds("ps", "-a", "--format", "json"))[1]
check.equal(shown.status, "stopped")
check.equal(shown.exit_code, 137)

check.equal(check.run({ "stop", "../x" }).err, '"../x" is not a container\'s name or id\n  hint: `tinylua ps -a` lists them\n')
check.equal(check.run({ "stop", "ffff" }).err, 'there is no container "ffff"\n  hint: `tinylua ps -a` lists them\n')
check.equal(check.run({ "stop", "-t", "soon", "deaf" }).status, 2)
