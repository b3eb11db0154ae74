-- run -d with --trace: the reader of the trace sees end of file as soon as the container runs.
local check = require "check"

local result = check.run { "--trace", "run", "-d", "--name", "traced", "sleep", "60" }
check.equal(result.status, 0)
assert(result.out:match("^%x+\n$"), result.out)
assert(result.err:match("clone%("), result.err)
-- The trace ended before the container, or there would be nothing left to stop.
check.equal(check.succeeds("inspect", "--format", "state.status", "traced"), "running\n")
check.succeeds("rm", "-f", "traced")
check.no_container()
