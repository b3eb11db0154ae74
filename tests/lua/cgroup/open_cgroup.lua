-- open_cgroup: opens an existing group; closing the handle does not remove it.
local check = require "check"
local made <close> = tiny.cgroup("tl-" .. tiny.random_id())

do
  local cg <close> = tiny.open_cgroup(made.path)
  cg:set_pids_limit(7)
end
check.equal(made:stats().pids_limit, 7, "pids_limit")

local child <close> = tiny.clone({ cgroup = tiny.open_cgroup(made.path) }, function()
  return tiny.cgroup_of().pids == made.path and 0 or tiny.cgroup_of().unified == made.path and 0 or 1
end)
check.equal(child:wait(), 0, "a child born in the opened group")

local err = check.fails("ENOENT", tiny.open_cgroup, made.path .. "-not")
assert(err.message:find("there is no such cgroup", 1, true), err.message)
check.refuses("path is missing: open_cgroup(path)", tiny.open_cgroup)
