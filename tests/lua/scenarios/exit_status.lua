-- run: returns the container's own status; 126, 127, 125 and 2 for other failures.
local check = require "check"

check.equal(check.run({ "run", "--rm", "true" }).status, 0)
check.equal(check.run({ "run", "--rm", "sh", "-c", "exit 42" }).status, 42)
-- A shell as PID 1 is not killed by its own signal; its child is.
check.equal(check.run({ "run", "--rm", "sh", "-c", "sh -c 'kill -9 $$'; exit $?" }).status, 137)

local missing = check.run { "run", "--rm", "--host", "no-such-program" }
check.equal(missing.status, 127)
assert(missing.err:match('step exec: exec%({ "no%-such%-program"'), missing.err)
assert(missing.err:match("ENOENT: No such file or directory: no%-such%-program"), missing.err)
assert(missing.err:match("\n  hint: "), missing.err)

local folder = check.run { "run", "--rm", "/etc" }
check.equal(folder.status, 126)
assert(folder.err:match("EACCES: Permission denied: /etc"), folder.err)
check.equal(check.run({ "run", "--rm", "/etc/passwd" }).status, 126)
check.equal(check.run({ "run", "--no-such-option", "true" }).status, 2)
check.no_container()
