-- capability_names: all names that the kernel knows, also for a process without capabilities.
local check = require "check"

local last = tonumber(tiny.read_file("/proc/sys/kernel/cap_last_cap"))
local function whole()
  local names = tiny.capability_names()
  check.equal(#names, last + 1)
  check.equal(names[1], "CAP_CHOWN")
  check.equal(names[22], "CAP_SYS_ADMIN")
  for _, name in ipairs(names) do assert(name:match("^CAP_[A-Z0-9_]+$"), name) end
end
whole()
check.inside({}, function()
  tiny.set_caps { bounding = {}, permitted = {}, effective = {}, inheritable = {}, ambient = {} }
  check.equal(#tiny.caps().permitted, 0)
  whole()
end)
