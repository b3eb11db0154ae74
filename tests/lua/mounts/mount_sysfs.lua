-- mount_sysfs: shows the caller's network namespace.
local check = require "check"

tiny.mkdir("s")
check.inside({ mount = true, net = true }, function()
  local sys <close> = tiny.mount_sysfs("s", { read_only = true })
  check.equal(table.concat(tiny.list_dir("s/class/net"), " "), "lo")
  check.fails("EROFS", tiny.open, "s/class/net/lo/mtu", { write = true })
  check.equal(check.mount_at("/tmp/s").options, "ro,nosuid,nodev,noexec,relatime")
end)
check.equal(check.mount_at("/tmp/s"), nil)

local err = check.fails("ENOENT", tiny.mount_sysfs, "nowhere")
check.equal(err.path, "nowhere")
check.refuses([[unknown option "size"; known options: root, create, open, read_only]], tiny.mount_sysfs, "s", { size = 1 })
tiny.try(function()
  local sys <close> = tiny.mount_sysfs("s")
  error("x")
end)
check.equal(check.mount_at("/tmp/s"), nil)
