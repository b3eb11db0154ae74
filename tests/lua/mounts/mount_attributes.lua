-- mount_attributes: sets and clears the flags of a mount, below a root and through the mount's own handle.
local check = require "check"

local function options(path) return check.mount_at(path).options end

tiny.mkdir("m")
local _, own = tiny.mount_tmpfs("m", { open = true })
tiny.mkdir("m/below")
tiny.mount_tmpfs("m/below")

tiny.mount_attributes("m", { read_only = true, nosuid = true, nodev = true, noexec = true })
check.equal(options("/tmp/m"), "ro,nosuid,nodev,noexec,relatime")
check.equal(options("/tmp/m/below"), "rw,relatime", "not recursive by default")
check.fails("EROFS", tiny.mkdir, "m/x")
-- What is not given stays.
tiny.mount_attributes("m", { read_only = false, noexec = false })
check.equal(options("/tmp/m"), "rw,nosuid,nodev,relatime")
tiny.mkdir("m/x")
tiny.mount_attributes("m", { nosuid = false, nodev = false, nosymfollow = true, recursive = true })
check.equal(options("/tmp/m"), "rw,relatime,nosymfollow")
check.equal(options("/tmp/m/below"), "rw,relatime,nosymfollow", "recursive")
tiny.symlink("x", "m/link")
check.fails("ELOOP", tiny.list_dir, "m/link")
tiny.mount_attributes("m", { nosymfollow = false, recursive = true })
check.equal(#tiny.list_dir("m/link"), 0)

-- The access times have one mode.
for _, step in ipairs {
  { { noatime = true }, "rw,noatime" }, { { strictatime = true }, "rw" }, { { nodiratime = true }, "rw,nodiratime" },
  { { strictatime = false }, "rw,nodiratime,relatime" }, { { noatime = true }, "rw,noatime,nodiratime" },
  { { relatime = true, nodiratime = false }, "rw,relatime" }, { { noatime = true }, "rw,noatime" }, { { noatime = false }, "rw,relatime" },
  { { relatime = false }, "rw,relatime" }, { { noatime = false, strictatime = true }, "rw" }, { { relatime = true }, "rw,relatime" },
} do
  tiny.mount_attributes("m", step[1])
  check.equal(options("/tmp/m"), step[2])
end

-- The propagation, alone and together with a flag.
tiny.mount_attributes("m", { propagation = "shared", noexec = true })
assert(check.mount_at("/tmp/m").propagation:match("^shared:%d+$"))
check.equal(check.mount_at("/tmp/m/below").propagation, "")
tiny.mount_attributes("m", { propagation = "private", recursive = true, noexec = false })
check.equal(check.mount_at("/tmp/m").propagation, "")

-- Below a root; a link does not lead out of it. Through the mount's own handle, also when it is mounted over.
tiny.symlink("/below", "m/there")
tiny.mount_attributes("/there", { root = "/tmp/m", read_only = true })
check.equal(options("/tmp/m/below"), "ro,relatime")
local over <close> = tiny.mount_tmpfs("m")
for i, path in ipairs { ".", "/" } do
  tiny.mount_attributes(path, { root = own, read_only = i == 1 })
  local found = {}
  for _, mount in ipairs(tiny.mounts()) do
    if mount.target == "/tmp/m" then table.insert(found, mount.options) end
  end
  check.equal(table.concat(found, " "), i == 1 and "ro,relatime rw,relatime" or "rw,relatime rw,relatime")
end
over:close()

-- A mount of a file, through its handle.
tiny.write_file("file", "")
local _, file <close> = tiny.mount_bind("file", "file", { open = true })
tiny.mount_attributes(".", { root = file, nosuid = true, propagation = "shared" })
assert(options("/tmp/file"):match("nosuid"))
assert(check.mount_at("/tmp/file").propagation:match("^shared:"))
tiny.mount_attributes(".", { root = file, read_only = true, propagation = "private" })
check.fails("EROFS", tiny.open, "file", { write = true })
check.equal(check.mount_at("/tmp/file").propagation, "")

-- Only in this mount namespace, and all mounts or none.
check.inside({ mount = true }, function() tiny.mount_attributes("m", { noexec = true }) end)
check.equal(options("/tmp/m"), "rw,relatime")
tiny.mount_attributes("m/below", { read_only = false })
local writer <close> = tiny.open("m/below/file", { write = true, create = true })
local busy = check.fails("EBUSY", tiny.mount_attributes, "m", { read_only = true, recursive = true })
check.equal(busy.path, "m")
check.equal(options("/tmp/m"), "rw,relatime")
writer:close()

tiny.mkdir("plain")
local err = check.fails("EINVAL", tiny.mount_attributes, "plain", { read_only = true })
check.equal(err.path, "plain")
check.equal(err.hint, "the path is not a mount point")
check.fails("ENOENT", tiny.mount_attributes, "nowhere", { read_only = true })
check.refuses("nothing to change: give a flag or `propagation`", tiny.mount_attributes, "m", { recursive = true })
check.refuses("nothing to change: give a flag or `propagation`", tiny.mount_attributes, "m")
check.refuses("`noatime` and `relatime` exclude each other", tiny.mount_attributes, "m", { noatime = true, relatime = true })

-- A user namespace cannot clear what a more privileged one has set.
tiny.mount_attributes("m", { nosuid = true })
check.inside({ user = true, mount = true }, function()
  tiny.mount_attributes("m", { nodev = true })
  check.fails("EPERM", tiny.mount_attributes, "m", { nosuid = false })
end)
