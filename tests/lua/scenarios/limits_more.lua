-- --cpuset-cpus and --memory-swap: the limits are enforced, if this host has the controllers.
local check = require "check"

-- Whether a cgroup of this host accepts what f does with it.
local function takes(f)
  local group <close> = tiny.cgroup("probe")
  return select(2, tiny.try(f, group)) == nil
end

local tried = 0
if takes(function(group) tiny.cgroup_write(group, { ["cpuset.cpus"] = "0" }) end) then
  tried = tried + 1
  check.equal(check.succeeds("run", "--rm", "--cpuset-cpus", "0", "grep", "Cpus_allowed_list", "/proc/self/status"), "Cpus_allowed_list:\t0\n")
end
if takes(function(group)
  tiny.set_memory_limit(group, "64m")
  tiny.set_swap_limit(group, "1m")
end) then
  tried = tried + 1
  local id = check.succeeds("run", "-d", "-m", "64m", "--memory-swap", "96m", "sleep", "60"):sub(1, 12)
  check.equal(tiny.cgroup_stats(tiny.open_cgroup(check.cgroup_of(id))).swap_limit, 32 << 20)
  check.succeeds("restart", "-t", "0", id)
  check.equal(tiny.cgroup_stats(tiny.open_cgroup(check.cgroup_of(id))).swap_limit, 32 << 20, "after a restart")
  check.succeeds("rm", "-f", id)
  id = check.succeeds("run", "-d", "-m", "64m", "--memory-swap", "-1", "sleep", "60"):sub(1, 12)
  check.equal(tiny.cgroup_stats(tiny.open_cgroup(check.cgroup_of(id))).swap_limit, nil)
  check.succeeds("rm", "-f", id)
end
check.no_container()
if tried == 0 then check.skip("this host has neither cpusets nor swap limits") end
