-- Concurrency without root: several containers at once, a store that root's commands do not show, and a supervisor
-- killed at every moment of a start.
local check = require "check"
require("ordinary").make { delegated = false }

for i = 1, 5 do check.succeeds("run", "-d", "--name", "c" .. i, "sleep", "60") end
check.equal(#check.succeeds("ps", "-q"), 5 * 13)
for i = 1, 5 do check.succeeds("rm", "-f", "c" .. i) end
check.no_container()

-- If all of it is killed at a random moment, gc removes everything that is left.
for i = 1, 12 do
  local run = check.start(function()
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "run", "--rm", "sh", "-c", "exit 0" }
  end)
  tiny.poll({ run }, i * 0.006)
  tiny.try(tiny.kill, run, "SIGKILL")
  run:wait()
end
check.succeeds("gc")
for _, line in ipairs { check.succeeds("ps", "-aq") } do
  for id in line:gmatch("%x+") do tiny.try(check.succeeds, "rm", "-f", id) end
end
-- A container that was still running has a new supervisor, which is removing it just now.
for _ = 1, 200 do
  if #(tiny.list_dir(check.root .. "/containers") or {}) == 0 then break end
  tiny.poll({}, "50ms")
end
check.no_container()
