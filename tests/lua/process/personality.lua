-- personality: uname shows a 32-bit machine, also to children, until it is set again.
local check = require "check"

local function machine()
  local pipe <close> = io.popen("uname -m")
  return pipe:read("l")
end

local own = machine()
local SHOWN = { x86_64 = "i686", aarch64 = "armv8l" }
check.inside({}, function()
  tiny.personality { domain = "LINUX32" }
  -- User-Mode Linux accepts the domain and shows the same machine.
  if not tiny.read_file("/proc/cpuinfo"):match("User Mode Linux") then
    check.equal(machine(), SHOWN[own])
  end
  check.equal(tonumber(tiny.read_file("/proc/self/personality"), 16), 8)
  tiny.personality { domain = "LINUX" }
  check.equal(machine(), own)
end)
check.refuses([[option "domain": "LINUX64" is not one of "LINUX"|"LINUX32"; did you mean "LINUX"?]], tiny.personality, { domain = "LINUX64" })
