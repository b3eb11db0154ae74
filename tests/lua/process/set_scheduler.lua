-- set_scheduler: the policy, the nice value and the priority of the process, which its children inherit.
local check = require "check"

-- Fields of proc_pid_stat(5): nice, rt_priority, policy.
local function state()
  local fields = {}
  for word in tiny.read_file("/proc/self/stat"):match("%) (.*)"):gmatch("%S+") do table.insert(fields, word) end
  return ("policy %s, nice %s, priority %s"):format(fields[39], fields[17], fields[38])
end

check.inside({}, function()
  tiny.set_scheduler { policy = "batch", nice = 7 }
  check.equal(state(), "policy 3, nice 7, priority 0")
  check.inside({}, function() check.equal(state(), "policy 3, nice 7, priority 0", "inherited") end)
  tiny.set_scheduler { policy = "other", nice = 12, flags = { "reset-on-fork" } }
  check.equal(state(), "policy 0, nice 12, priority 0")
  tiny.set_scheduler { policy = "idle" }
  check.equal(state():match("policy %d"), "policy 5")
end)

-- What needs privilege: as a user without it, it fails; as root, it has its effect where the kernel grants it.
for _, case in ipairs {
  { { policy = "fifo", priority = 5 }, "policy 1, nice 0, priority 5" },
  { { policy = "rr", priority = 9, flags = { "reset-on-fork" } }, "policy 2, nice 0, priority 9" },
  { { policy = "deadline", runtime = 1000000, deadline = 10000000, period = 20000000 }, "policy 6, nice 0, priority 0" },
} do
  check.inside({}, function()
    local ok, err = tiny.try(tiny.set_scheduler, case[1])
    if err then check.equal(err.code, "EPERM", tostring(err)) else check.equal(state(), case[2]) end
    return ok
  end)
  check.inside({}, function()
    tiny.setuser(1234)
    tiny.setrlimit("rtprio", 0)
    assert(check.fails("EPERM", tiny.set_scheduler, case[1]).hint:match("CAP_SYS_NICE"))
  end)
end
check.inside({}, function()
  tiny.set_scheduler { policy = "batch", nice = -5, flags = { "reset-on-fork" } }
  check.equal(state(), "policy 3, nice -5, priority 0")
  check.inside({}, function() check.equal(state(), "policy 3, nice 0, priority 0", "reset") end)
end)

check.inside({}, function()
  check.fails("EINVAL", tiny.set_scheduler, { policy = "iso" })
  check.fails("EINVAL", tiny.set_scheduler, { policy = "other", priority = 5 })
  check.fails("EINVAL", tiny.set_scheduler, { policy = "fifo" })
  check.fails("EINVAL", tiny.set_scheduler, { policy = "deadline", runtime = 20, deadline = 10 })
end)
check.refuses([[option "policy": "fif" is not one of "other"|"fifo"|"rr"|"batch"|"iso"|"idle"|"deadline"; did you mean "fifo"?]],
  tiny.set_scheduler, { policy = "fif" })
check.refuses([[option "nice": 20 is not an integer from -20 to 19]], tiny.set_scheduler, { policy = "other", nice = 20 })
