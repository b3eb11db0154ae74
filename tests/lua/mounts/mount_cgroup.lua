-- mount_cgroup: mounts cgroup2, or a v1 hierarchy by its controllers, as seen from the caller's cgroup namespace.
local check = require "check"

tiny.mkdir("cg")
do
  local cg <close> = tiny.mount_cgroup("cg", { read_only = true })
  check.equal(check.mount_at("/tmp/cg").fstype, "cgroup2")
  assert(tiny.read_file("cg/cgroup.controllers"))
  check.fails("EROFS", tiny.mkdir, "cg/new")
  check.equal(check.mount_at("/tmp/cg").options, "ro,nosuid,nodev,noexec,relatime")
end
check.equal(check.mount_at("/tmp/cg"), nil, "after <close>")

-- A v1 hierarchy, if this kernel has one with pids.
local controllers = tiny.read_file("/proc/self/cgroup"):match("%d+:([^:\n]*pids[^:\n]*):")
if controllers then
  local names = {}
  for name in controllers:gmatch("[^,]+") do table.insert(names, name) end
  local cg <close> = tiny.mount_cgroup("cg", { controllers = names })
  check.equal(check.mount_at("/tmp/cg").fstype, "cgroup")
  assert(tiny.stat("cg/cgroup.procs"))
end

local err = check.fails("EINVAL", tiny.mount_cgroup, "cg", { controllers = { "pid" } })
assert(err.message:find("pid", 1, true), err.message)
check.refuses([[option "controllers": [1]: expected string, got 1]], tiny.mount_cgroup, "cg", { controllers = { 1 } })
check.fails("ENOENT", tiny.mount_cgroup, "nowhere")
tiny.try(function()
  local cg <close> = tiny.mount_cgroup("cg")
  error("x")
end)
check.equal(check.mount_at("/tmp/cg"), nil)
