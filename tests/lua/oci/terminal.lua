-- Terminals of containers: process.terminal with --console-socket, and in the foreground (config.md, "Process").
-- covers: process.terminal process.consoleSize.height process.consoleSize.width
local check = require "check"
local oci = require "oci_bundle"

local SOCKET = "/tmp/console.sock"

-- Runs a command that sends its terminal to a socket; returns the terminal's master.
local function console(words)
  tiny.try(tiny.remove, SOCKET)
  local listener <close> = tiny.unix_listen(SOCKET)
  table.insert(words, 2, "--console-socket")
  table.insert(words, 3, SOCKET)
  local running = oci.run(words, { wait = false })
  local connection <close> = tiny.unix_accept(listener)
  local master = tiny.recv_fd(connection)
  running.wait()
  check.equal(running.status, 0, running.err)
  return master
end

-- What is printed on a terminal up to a word.
local function read_to(master, word)
  local text = ""
  while not text:find(word, 1, true) do
    if #tiny.poll({ master }, "20s") == 0 then error("only: " .. text) end
    text = text .. (master:read() or error("ended with " .. text)):gsub("\r", "")
  end
  return (text:gsub("\n$", ""))
end

local path = oci.bundle("tty; stty size; ls -l /dev/console /dev/ptmx | wc -l; id -u; sleep 0.1; read line; echo got $line; echo end; sleep 60", function(config)
  config.process.terminal = true
  config.process.consoleSize = { height = 33, width = 122 }
  config.process.env = { "PATH=/bin" }
end)
do
  local master <close> = console { "create", "-b", path, "t" }
  oci.succeeds { "start", "t" }
  local text = read_to(master, "2\n0")
  check.equal(text:match "^(/dev/pts/0)\n33 122\n", "/dev/pts/0", text)
  master:write "typed\n"
  assert(read_to(master, "end"):find "got typed")
  -- A terminal of exec's own.
  do
    local second <close> = console { "exec", "--tty", "--detach", "t", "sh", "-c", "tty; echo $TERM; echo end; sleep 60" }
    check.equal(read_to(second, "end"), "/dev/pts/1\nxterm\nend")
  end
  oci.succeeds { "delete", "-f", "t" }
end

-- Another user owns the terminal, in a user namespace too.
for _, user in ipairs { false, true } do
  local at = oci.bundle("stat -c %u:%a /dev/pts/0; echo x > /dev/tty; test -c /dev/console && echo end; sleep 60", function(config, bundle)
    config.process.terminal, config.process.user = true, { uid = 1000, gid = 1000 }
    if user then
      table.insert(config.linux.namespaces, { type = "user" })
      config.linux.uidMappings = { { containerID = 0, hostID = 100000, size = 2000 } }
      config.linux.gidMappings = config.linux.uidMappings
      tiny.chown(bundle .. "/rootfs", { uid = 100000, gid = 100000 })
    end
  end)
  local master <close> = console { "run", "--detach", "-b", at, "t" }
  check.equal(read_to(master, "end"), "1000:620\nx\nend")
  oci.succeeds { "delete", "-f", "t" }
end

oci.fails("process.terminal is set, but there is no --console-socket to send the terminal to", { "create", "-b", path, "t" })
oci.fails("process.terminal is set, but there is no --console-socket", { "run", "--detach", "-b", path, "t" })
oci.fails("--console-socket is given, but process.terminal is not set", { "create", "--console-socket", SOCKET, "-b", (oci.bundle "true"),
  "t" })
oci.fails("/tmp/no.sock", { "create", "--console-socket", "/tmp/no.sock", "-b", path, "t" })
oci.nothing()

-- The engine's pipes are closed when `create` has ended: an engine reads them to their end before it calls `start`.
for _, words in ipairs { { "--log", "/tmp/log" }, { "--log", "/tmp/log", "--debug" }, { "--trace=json" } } do
  local path = oci.bundle("true", function(config) config.process.terminal = true end)
  local console <close> = tiny.unix_listen "/tmp/console"
  local from, into = tiny.pipe()
  local engine <close> = tiny.fork(function()
    for number = 1, 2 do tiny.dup2(into, number) end
    local all = { "--root", oci.root(), table.unpack(words) }
    for _, word in ipairs { "create", "--bundle", path, "--console-socket", "/tmp/console", "t" } do table.insert(all, word) end
    tiny.exec { file = "/proc/self/exe", "tinylua-oci", table.unpack(all) }
  end)
  into:close()
  while #tiny.poll({ from }, "20s") > 0 do
    if not from:read() then break end
  end
  check.equal(#tiny.poll({ from }, 0), 1, "the pipe is still open: " .. table.concat(words, " "))
  check.equal(engine:wait(), 0)
  oci.succeeds { "delete", "--force", "t" }
  tiny.remove "/tmp/console"
end
