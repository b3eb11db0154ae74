-- mount_filesystem: mounts a file system of any type, with its settings and flags; the kernel's message names a wrong setting.
local check = require "check"

for _, name in ipairs { "t", "p", "o", "low", "lower", "up", "work" } do tiny.mkdir(name) end
do
  local t <close>, dir = tiny.mount_filesystem("t", {
    type = "tmpfs", source = "scratch", settings = { "size=64k", "mode=750" }, nosuid = true, nodev = true, noexec = true, open = true,
  })
  local shown = check.mount_at("/tmp/t")
  check.equal(shown.fstype, "tmpfs")
  check.equal(shown.source, "scratch")
  check.equal(shown.options, "rw,nosuid,nodev,noexec,relatime")
  check.equal(tiny.stat("t").mode, tonumber("750", 8))
  check.fails("ENOSPC", tiny.write_file, "t/big", ("x"):rep(65537))
  tiny.mkdir("of-it", { root = dir })
  check.equal(tiny.list_dir("t")[1], "of-it")
  dir:close()
end
check.equal(check.mount_at("/tmp/t"), nil, "after <close>")

-- Each flag for access times is one of the mount.
for flag, options in pairs {
  noatime = "rw,noatime", strictatime = "rw", relatime = "rw,relatime", nodiratime = "rw,nodiratime,relatime",
  nosymfollow = "rw,relatime,nosymfollow", read_only = "ro,relatime",
} do
  local t <close> = tiny.mount_filesystem("t", { type = "tmpfs", [flag] = true })
  check.equal(check.mount_at("/tmp/t").options, options, flag)
end
check.refuses("`noatime` and `strictatime` exclude each other", tiny.mount_filesystem, "t", { type = "tmpfs", noatime = true, strictatime = true })
check.refuses("`strictatime` and `relatime` exclude each other", tiny.mount_filesystem, "t", { type = "tmpfs", relatime = true, strictatime = true })

-- A setting of the file system without a value: the whole of it is read-only, not only this mount.
do
  local t <close> = tiny.mount_filesystem("t", { type = "tmpfs", settings = { "ro" } })
  assert(check.mount_at("/tmp/t").super_options:match("^ro"), check.mount_at("/tmp/t").super_options)
  check.fails("EROFS", tiny.mkdir, "t/x")
end

-- Types of the kernel's own, below a root.
do
  local p <close> = tiny.mount_filesystem("new/proc", { type = "proc", settings = { "hidepid=2" }, root = "/tmp/p", create = true })
  check.equal(check.mount_at("/tmp/p/new/proc").fstype, "proc")
  assert(check.mount_at("/tmp/p/new/proc").super_options:match("hidepid=invisible"))
end
do
  local o <close> = tiny.mount_filesystem("o", { type = "overlay", settings = { "lowerdir=/tmp/low:/tmp/lower", "upperdir=/tmp/up", "workdir=/tmp/work" } })
  tiny.write_file("o/file", "x")
  check.equal(tiny.read_file("up/file"), "x")
end
check.inside({ ipc = true, mount = true }, function()
  local q <close> = tiny.mount_filesystem("t", { type = "mqueue" })
  check.equal(check.mount_at("/tmp/t").fstype, "mqueue")
end)

local err = check.fails("EINVAL", tiny.mount_filesystem, "t", { type = "tmpfs", settings = { "seize=64k" } })
assert(tostring(err):match("Unknown parameter 'seize'"), tostring(err))
err = check.fails("EINVAL", tiny.mount_filesystem, "t", { type = "tmpfs", settings = { "size=much" } })
assert(tostring(err):match("size"), tostring(err))
err = check.fails("EINVAL", tiny.mount_filesystem, "t", { type = "overlay", settings = { "lowerdir=" .. ("x"):rep(300) } })
assert(tostring(err):match("lowerdir: the kernel takes at most 255 bytes for one setting"), tostring(err))
err = check.fails("ENODEV", tiny.mount_filesystem, "t", { type = "no-such-fs" })
assert(tostring(err):match("no%-such%-fs"), tostring(err))
check.equal(check.fails("ENOENT", tiny.mount_filesystem, "nowhere", { type = "tmpfs" }).path, "nowhere")
check.refuses([[option "settings": [2]: "=x" has no name]], tiny.mount_filesystem, "t", { type = "tmpfs", settings = { "mode=755", "=x" } })
check.refuses([[option "type" is missing: the type, as in /proc/filesystems]], tiny.mount_filesystem, "t", { settings = {} })
check.equal(check.mount_at("/tmp/t"), nil)
