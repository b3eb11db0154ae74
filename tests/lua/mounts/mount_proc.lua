-- mount_proc: shows the caller's pid namespace; always nosuid, nodev and noexec.
local check = require "check"

tiny.mkdir("root")
check.inside({ mount = true, pid = true }, function()
  local proc <close> = tiny.mount_proc("/proc", { root = "root", create = true })
  check.equal(tiny.readlink("root/proc/self"), "1")
  local mount = check.mount_at("/tmp/root/proc")
  check.equal(mount.fstype, "proc")
  check.equal(mount.options, "rw,nosuid,nodev,noexec,relatime")
end)
check.equal(tiny.stat("root/proc/self"), nil)

tiny.mkdir("p")
do
  local proc <close> = tiny.mount_proc("p", { read_only = true, subset = "pid", hidepid = "invisible" })
  check.equal(tiny.stat("p/meminfo"), nil, "subset")
  assert(tiny.stat("p/self/status"))
  check.fails("EROFS", tiny.open, "p/self/comm", { write = true })
  check.equal(check.mount_at("/tmp/p").super_options, "rw,hidepid=invisible,subset=pid")
end
check.equal(check.mount_at("/tmp/p"), nil, "after <close>")

local err = check.fails("ENOENT", tiny.mount_proc, "nowhere")
check.equal(err.path, "nowhere")
assert(err.hint:match("create = true creates the mount point"), err.hint)
check.refuses([[unknown option "nosuid"; known options: root, create, open, read_only, hidepid, subset]], tiny.mount_proc, "p", { nosuid = false })
check.refuses([[option "hidepid": "all" is not one of "off"|"noaccess"|"invisible"|"ptraceable"]], tiny.mount_proc, "p", { hidepid = "all" })
tiny.try(function()
  local proc <close> = tiny.mount_proc("p")
  error("x")
end)
check.equal(check.mount_at("/tmp/p"), nil)
