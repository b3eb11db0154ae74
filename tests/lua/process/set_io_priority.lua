-- set_io_priority: the class and priority that ionice(1) shows, also in children.
local check = require "check"

local function shown()
  local pipe <close> = io.popen("ionice")
  return (pipe:read("a"):gsub("%s+$", ""))
end

if shown() == "" then check.skip("no ionice") end
check.inside({}, function()
  tiny.set_io_priority { class = "best-effort", priority = 6 }
  check.equal(shown(), "best-effort: prio 6")
  tiny.set_io_priority { class = "best-effort" }
  check.equal(shown(), "best-effort: prio 0")
  tiny.set_io_priority { class = "idle" }
  check.equal(shown(), "idle")
  tiny.set_io_priority { class = "realtime", priority = 3 }
  check.equal(shown(), "realtime: prio 3")
end)
check.inside({}, function()
  tiny.setuser(1234)
  check.equal(check.fails("EPERM", tiny.set_io_priority, { class = "realtime" }).hint, '"realtime" needs CAP_SYS_NICE')
end)
check.refuses([[option "priority": 8 is not an integer from 0 to 7]], tiny.set_io_priority, { class = "idle", priority = 8 })
check.refuses([[option "class" is missing: the class]], tiny.set_io_priority, { priority = 1 })
