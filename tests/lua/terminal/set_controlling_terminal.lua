-- set_controlling_terminal: /dev/tty and Ctrl-C belong to the session; only its leader may set the terminal.
local check = require "check"

check.inside({ mount = true, pid = true }, function()
  tiny.mount_private("/")
  tiny.mount_devpts("/dev/pts", {})
  local master, slave = tiny.openpty("/dev/pts")
  local other <close> = tiny.fork(function() tiny.set_controlling_terminal(slave) end)
  check.fails("EPERM", other.wait, other)
  local child <close> = tiny.fork(function()
    tiny.setsid()
    tiny.set_controlling_terminal(slave)
    tiny.dup2(slave, 0)
    local tty <close> = tiny.open("/dev/tty", { write = true })
    tty:write("mine")
    tiny.exec { "/bin/sleep", "100" }
  end)
  check.equal(master:read(), "mine")
  child:wait_ready()
  master:write("\3")
  local status, signal = child:wait()
  check.equal(signal, "SIGINT", "Ctrl-C, " .. status)

  local from = tiny.pipe()
  check.fails("ENOTTY", tiny.set_controlling_terminal, from)
end)
check.refuses("file is missing: set_controlling_terminal(file)", tiny.set_controlling_terminal)
