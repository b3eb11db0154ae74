-- set_dumpable: a process of the same user cannot inspect a process that is not dumpable.
local check = require "check"

local function exe_as_seen_by_the_same_user(dumpable)
  local target <close> = tiny.fork(function()
    tiny.setuser(1234)
    tiny.set_dumpable(dumpable)
    tiny.notify_ready()
    tiny.poll({}, "20s")
  end)
  target:wait_ready()
  local result
  check.inside({}, function()
    tiny.setuser(1234)
    local _, err = tiny.try(tiny.readlink, ("/proc/%d/exe"):format(target.pid))
    check.equal(err and err.code, not dumpable and "EACCES" or nil, "dumpable " .. tostring(dumpable))
  end)
  tiny.kill(target, "KILL")
  return result
end
exe_as_seen_by_the_same_user(true)
exe_as_seen_by_the_same_user(false)
check.refuses('dumpable: expected boolean, got 0', tiny.set_dumpable, 0)
