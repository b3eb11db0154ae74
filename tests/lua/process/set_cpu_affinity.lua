-- set_cpu_affinity: the process and its children run on these CPUs only.
local check = require "check"

local function allowed() return tiny.read_file("/proc/self/status"):match("\nCpus_allowed_list:%s+(%S+)") end

local all = allowed()
local first, last = all:match("^%d+"), all:match("%d+$")
check.inside({}, function()
  tiny.set_cpu_affinity(last)
  check.equal(allowed(), last)
  check.inside({}, function() check.equal(allowed(), last, "inherited") end)
  -- CPUs that do not exist are left out.
  tiny.set_cpu_affinity(first .. ", 700-8191")
  check.equal(allowed(), first)
  tiny.set_cpu_affinity("0-8191")
  check.equal(allowed(), all)
end)
local err = check.fails("EINVAL", tiny.set_cpu_affinity, "8000")
check.equal(err.hint, "the process may use none of these CPUs")
check.fails("EINVAL", tiny.set_cpu_affinity, "")
check.refuses([[cpus: "x" is not a number or a range such as "0-3"]], tiny.set_cpu_affinity, "0,x")
check.refuses([[cpus: "3-1" is not a range of numbers up to 8191]], tiny.set_cpu_affinity, "3-1")
check.refuses([[cpus: "8192" is not a range of numbers up to 8191]], tiny.set_cpu_affinity, "8192")
