-- trace_calls: prints calls of primitives while it is on, also in child processes.
local check = require "check"

tiny.write_file("traced.lua", [[
local before = tiny.trace_calls(true)
tiny.getuid()
tiny.fork(function() tiny.boot_id() end):wait()
local _, err = tiny.try(function()
  local again = tiny.trace_calls(true)
  tiny.readlink("/nope")
  tiny.trace_calls(again)
end)
assert(err.code == "ENOENT")
assert(tiny.trace_calls(before) == true and before == false)
tiny.getgid()
print("done")
]])
local result = check.run { "run", "traced.lua" }
check.equal(result.out, "done\n")
for _, want in ipairs { "getuid%(%) = %d+", "%d+ [^\n]* boot_id%(%)", 'readlink%("/nope"%) = ENOENT' } do
  assert(result.err:find(want), result.err)
end
assert(not result.err:find("getgid") and not result.err:find("trace_calls%(false%)"), result.err)
-- With --trace the trace continues unchanged.
result = check.run { "--trace", "run", "traced.lua" }
check.equal(result.status, 125, "it was on before: " .. result.err)
check.refuses("on is missing: trace_calls(on)", tiny.trace_calls)
check.refuses("on: expected boolean, got 1", tiny.trace_calls, 1)
