-- umount: unmounts the topmost mount; a busy mount is only detached, and only on request.
local check = require "check"

tiny.mkdir("m")
tiny.mount_tmpfs("m")
tiny.write_file("m/first", "")
tiny.mount_tmpfs("m")
check.equal(#tiny.list_dir("m"), 0)
tiny.umount("m")
assert(tiny.stat("m/first"), "the topmost went")

local user <close> = tiny.open("m/first")
for _, options in ipairs { {}, { root = "/tmp" } } do
  local err = check.fails("EBUSY", tiny.umount, "m", options)
  check.equal(err.path, "m")
  check.equal(err.hint, "the mount is busy; detach = true unmounts it lazily")
  assert(check.mount_at("/tmp/m"))
end
tiny.umount("m", { detach = true })
check.equal(check.mount_at("/tmp/m"), nil)
check.equal(user:read(), nil, "its user still has it")

-- Below a root: through a link, and never the host's mount at the same path.
tiny.mkdir("root/tmp/m", { parents = true })
tiny.symlink("/tmp/m", "root/link")
tiny.mount_tmpfs("m")
for _, path in ipairs { "link", "/tmp/m", "../../tmp/m" } do
  local inner <close> = tiny.mount_tmpfs(path, { root = "root" })
  assert(check.mount_at("/tmp/root/tmp/m"))
  tiny.umount(path, { root = "root" })
  check.equal(check.mount_at("/tmp/root/tmp/m"), nil)
  assert(check.mount_at("/tmp/m"), "the host's own")
  inner:keep()
end
tiny.symlink("loop", "root/loop")
check.fails("ELOOP", tiny.umount, "loop", { root = "root" })

-- Nothing mounted: the error code that means an undo has nothing to do.
tiny.umount("m")
for _, options in ipairs { {}, { root = "/tmp" } } do
  local err = check.fails("ENOENT", tiny.umount, "m", options)
  check.equal(err.path, "m")
  assert(err.message:find("there is no mount at this path", 1, true), err.message)
end
check.fails("ENOENT", tiny.umount, "nowhere")
check.fails("ENOENT", tiny.umount, "nowhere", { root = "/tmp" })

-- A user namespace may not take apart inherited mounts.
tiny.mkdir("locked")
tiny.mount_tmpfs("locked")
check.inside({ user = true, mount = true }, function()
  local err = check.fails("EINVAL", tiny.umount, "locked")
  assert(err.hint:match("more privileged mount namespace"), err.hint)
end)
check.refuses([[unknown option "lazy"; known options: root, detach]], tiny.umount, "m", { lazy = true })
