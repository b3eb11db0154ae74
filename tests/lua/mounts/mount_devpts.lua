-- mount_devpts: mounts a new devpts instance without the terminals of other instances.
local check = require "check"

tiny.mkdir("one")
do
  local one <close> = tiny.mount_devpts("one", { gid = 5, ptmxmode = tonumber("600", 8) })
  check.equal(check.mount_at("/tmp/one").options, "rw,nosuid,noexec,relatime")
  check.equal(tiny.stat("one/ptmx").mode, tonumber("600", 8))
  local master = tiny.open("one/ptmx", { read = true, write = true })
  check.equal(table.concat(tiny.list_dir("one"), " "), "0 ptmx")
  check.equal(tiny.stat("one/0").gid, 5)
  check.equal(tiny.stat("one/0").mode, tonumber("620", 8))
  local two <close> = tiny.mount_devpts("two", { create = true })
  check.equal(table.concat(tiny.list_dir("two"), " "), "ptmx")
  check.equal(tiny.stat("two/ptmx").mode, tonumber("666", 8))
  master:close()
end
check.equal(check.mount_at("/tmp/one"), nil)

local err = check.fails("ENOENT", tiny.mount_devpts, "nowhere")
check.equal(err.path, "nowhere")
check.refuses([[option "gid": expected integer, got the string "tty"]], tiny.mount_devpts, "one", { gid = "tty" })
tiny.try(function()
  local pts <close> = tiny.mount_devpts("one")
  error("x")
end)
check.equal(check.mount_at("/tmp/one"), nil)
