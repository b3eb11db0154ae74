-- sethostname: sets the hostname of the caller's UTS namespace only.
local check = require "check"

local function hostname() return (tiny.read_file("/proc/sys/kernel/hostname"):gsub("\n", "")) end

local before = hostname()
check.inside({ uts = true }, function()
  tiny.sethostname("inside")
  check.equal(hostname(), "inside")
  tiny.sethostname(("x"):rep(64))
  check.equal(#hostname(), 64)
  check.refuses("name: it has 65 bytes, not 1 to 64", tiny.sethostname, ("x"):rep(65))
  check.refuses("name: it has 0 bytes, not 1 to 64", tiny.sethostname, "")
end)
check.equal(hostname(), before, "outside")

check.inside({}, function()
  tiny.setuser(65534)
  local err = check.fails("EPERM", tiny.sethostname, "mine")
  check.equal(err.hint, "needs CAP_SYS_ADMIN over the UTS namespace: clone with uts = true")
end)
check.refuses("name: expected string, got true", tiny.sethostname, true)
check.refuses('name: "a\\0b" has a NUL byte', tiny.sethostname, "a\0b")
