-- setrlimit: the kernel shows the limit and enforces it.
local check = require "check"

local function limits(name)
  return tiny.read_file("/proc/self/limits"):match(name .. "%s+(%S+)%s+(%S+)")
end

check.inside({}, function()
  tiny.setrlimit("nofile", 32, { hard = 64 })
  local soft, hard = limits("Max open files")
  check.equal(soft, "32")
  check.equal(hard, "64")
  check.fails("EMFILE", function()
    local scope <close> = require("tiny.scope").new()
    for _ = 1, 40 do scope:add(tiny.open("/dev/null")) end
  end)
  check.fails("EINVAL", tiny.setrlimit, "nofile", 65, { hard = 64 })
  tiny.setrlimit("core", 0)
  check.equal(limits("Max core file size"), "0")
  tiny.setrlimit("fsize", "1m", { hard = "unlimited" })
  check.equal(limits("Max file size"), "1048576")
end)

-- Without privileges a hard limit can only be lowered.
check.inside({}, function()
  tiny.setrlimit("nofile", 32, { hard = 64 })
  tiny.setuser(65534)
  check.fails("EPERM", tiny.setrlimit, "nofile", 32, { hard = 128 })
end)

local _, err = tiny.try(tiny.setrlimit, "nofiles", 1)
assert(err.message:match('did you mean "nofile"%?$'), err.message)
check.refuses('option "hard": "lots" is not one of "unlimited"', tiny.setrlimit, "core", 0, { hard = "lots" })
