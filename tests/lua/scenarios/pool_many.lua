-- A thousand runs of a pool leave no container, process, cgroup or mount; refills keep up while the machine is busy.
local check = require "check"

local began = tiny.clock("monotonic")
check.succeeds("run", "--rm", "true")
-- A machine on which each one takes seconds does fewer.
local runs = tiny.clock("monotonic") - began < 1 and 1000 or 40

tiny.write_file("/tmp/many.lua", ([[
local pool <close> = require("tiny.pool").new { size = 4, pids = 64 }
local busy
local runs = %d
for i = 1, runs do
  -- The last ones on a busy machine.
  if i == runs * 95 // 100 then busy = tiny.fork(function() while true do end end) end
  local r = pool:run({ "echo", tostring(i) }, { timeout = "60s" })
  if r.stdout ~= i .. "\n" then error(("run %%d: %%s"):format(i, tiny.show(r))) end
end
busy:reap()
-- A fork bomb ends at the limit of processes, and with its time.
local bomb = pool:run("f() { f | f & }; f; while :; do :; done", { timeout = "2s" })
assert(bomb.timed_out, tiny.show(bomb))
assert(pool:run({ "echo", "after" }).stdout == "after\n")
]]):format(runs), { mode = tonumber("644", 8) })
check.succeeds("run", "/tmp/many.lua")
check.no_container()
