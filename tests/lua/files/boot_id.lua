-- boot_id: returns the kernel's id of the current boot.
local check = require "check"

check.equal(tiny.boot_id() .. "\n", tiny.read_file("/proc/sys/kernel/random/boot_id"))
check.equal(tiny.boot_id(), tiny.boot_id())
check.inside({ mount = true }, function()
  tiny.mount_tmpfs("/proc")
  check.equal(check.fails("ENOENT", tiny.boot_id).path, "/proc/sys/kernel/random/boot_id")
end)
check.refuses("takes at most 0 arguments: boot_id()", tiny.boot_id, 1)
