-- unix_listen: creates a socket that only its owner can connect to, at a path of any length.
local check = require "check"

local folder = "/tmp/unix_listen-" .. ("x"):rep(120)
tiny.mkdir(folder)
local path = folder .. "/socket"
do
  local listener <close> = tiny.unix_listen(path)
  local stat = tiny.stat(path)
  check.equal(stat.kind, "socket")
  check.equal(stat.mode, tonumber("600", 8), "its mode")
  local far <close> = tiny.unix_connect(path)
  check.equal(tiny.poll({ listener })[1], listener, "ready")
  check.fails("EADDRINUSE", tiny.unix_listen, path)
end
check.fails("ECONNREFUSED", tiny.unix_connect, path)
tiny.remove(folder, { recursive = true })
check.fails("ENOENT", tiny.unix_listen, path)
check.refuses('unknown option "modes"; known options: type, nonblock', tiny.unix_listen, path, { modes = 1 })
