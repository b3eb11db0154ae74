-- In a cgroup namespace, paths are relative to its root after its hierarchies have been mounted there.
local check = require "check"
local cg <close> = tiny.cgroup("tl-" .. tiny.random_id())
if not cg.folders.unified then
  cg:close()
  check.skip("no cgroup v2 hierarchy is mounted")
end

local child <close> = tiny.clone({ cgroup = cg, cgroupns = true, mount = true, pid = true }, function()
  assert(os.execute("mount --make-rprivate / && mount -t tmpfs tmpfs /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup"))
  check.equal(tiny.cgroup_of().unified, "/", "the own group")
  local inner <close> = tiny.cgroup("inner")
  check.equal(inner.version, "v2", "version")
  check.equal(inner.folders.unified, "/sys/fs/cgroup/inner", "folder")
  local grandchild <close> = tiny.clone({ cgroup = inner }, function()
    check.equal(tiny.cgroup_of().unified, "/inner", "the group of a child")
  end)
  check.equal(grandchild:wait(), 0, "the grandchild's status")
end)
check.equal(child:wait(), 0, "the child's status")
check.fails("ENOENT", tiny.cgroup_stats, cg.path .. "/inner")
