-- openpty: opens a terminal in the given devpts only.
local check = require "check"

local function terminal()
  tiny.mount_private("/")
  tiny.mkdir("/tmp/pty/pts", { parents = true })
  tiny.mkdir("/tmp/pty/fake")
  tiny.mount_devpts("/tmp/pty/pts", { mode = tonumber("620", 8), gid = 5 })
  local master, slave = tiny.openpty("/pts", { root = "/tmp/pty" })
  check.equal(slave.path, "/pts/0")
  check.equal(tiny.stat("/tmp/pty/pts/0").mode, tonumber("620", 8))
  slave:write("shown\n")
  check.equal(master:read(), "shown\r\n")
  master:write("typed\n")
  check.equal(slave:read(), "typed\n")
  slave:close()
  check.fails("EIO", function() while master:read() do end end)
  master:close()
  check.equal(tiny.stat("/tmp/pty/pts/0"), nil, "it goes with its master")

  local quiet = tiny.openpty("/tmp/pty/pts", { nonblock = true })
  check.equal(quiet:read(), false)
  check.fails("ENOTTY", tiny.openpty, "/tmp/pty/fake")
  tiny.write_file("/tmp/pty/fake/ptmx", "")
  tiny.mount_bind("/tmp/pty/fake/ptmx", "/tmp/pty/pts/ptmx")
  check.fails("EXDEV", tiny.openpty, "/tmp/pty/pts")
  check.fails("ENOENT", tiny.openpty, "/tmp/no-such-devpts")
end

check.inside({ mount = true }, terminal)
tiny.remove("/tmp/pty", { recursive = true })
check.refuses('unknown option "roots"; did you mean "root"?', tiny.openpty, "/dev/pts", { roots = "/" })
