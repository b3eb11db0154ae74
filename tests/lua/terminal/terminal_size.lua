-- terminal_size: a size set on one end is visible on the other, with SIGWINCH.
local check = require "check"

check.inside({ mount = true }, function()
  tiny.mount_private("/")
  tiny.mount_devpts("/dev/pts", {})
  local master, slave = tiny.openpty("/dev/pts")
  local function size(file) return ("%dx%d"):format(tiny.terminal_size(file)) end
  check.equal(size(slave), "0x0")
  check.equal(("%dx%d"):format(tiny.terminal_size(master, { rows = 24, cols = 80 })), "24x80")
  check.equal(size(slave), "24x80")
  tiny.terminal_size(master, { cols = 132 })
  check.equal(size(slave), "24x132")

  local child <close> = tiny.fork(function()
    local signals <close> = tiny.signals { "SIGWINCH" }
    tiny.setsid()
    tiny.set_controlling_terminal(slave)
    slave:write("ready")
    tiny.poll { signals }
    return signals:next() == "SIGWINCH" and 0 or 1
  end)
  master:read()
  tiny.terminal_size(master, { rows = 50 })
  check.equal(child:wait(), 0, "the child's status")
  check.fails("ENOTTY", tiny.terminal_size, (tiny.pipe()))
  local _, err = tiny.try(tiny.terminal_size, slave, { rows = 70000 })
  check.equal(err.message, 'option "rows": 70000 is not an integer from 0 to 65535')
end)
check.refuses('unknown option "columns"; did you mean "cols"?', tiny.terminal_size, tiny.stdio(0), { columns = 80 })
