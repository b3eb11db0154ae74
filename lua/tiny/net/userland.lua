-- The network of a container without root: a program of the user's carries what the container sends through
-- sockets of its own, and takes connections to published ports. pasta and slirp4netns can do it; each runs
-- beside the container until that ends, and stays when a supervisor is killed.
local userland = {}

local PIDFILE, SOCKET = "/network.pid", "/network.socket"
local PRIVATE_FILE = tonumber("600", 8)
local TUN = "/dev/net/tun"
-- Where the container asks for names: answered by the program, with the host's first name server.
local PASTA_DNS, SLIRP_DNS, SLIRP_ADDR = "169.254.1.1", "10.0.2.3", "10.0.2.100"

userland.PROGRAMS = { "pasta", "slirp4netns" }

local function wrong(message, hint)
  tiny.fail { message = "network: " .. message, hint = hint, exit = 125 }
end

-- Where a program is, by PATH; nil when nowhere.
function userland.find(name)
  for folder in (os.getenv("PATH") or ""):gmatch("[^:]+") do
    local s = folder:match("^/") and tiny.try(tiny.stat, folder .. "/" .. name)
    if s and s.kind == "file" and s.mode & tonumber("111", 8) ~= 0 then return folder .. "/" .. name end
  end
end

-- What is wrong with the tun device, which both programs need; nil when nothing is.
function userland.no_tun()
  local file, err = tiny.try(tiny.open, TUN, { read = true, write = true })
  if not file then return err.code == "ENOENT" and TUN .. " is missing" or TUN .. " cannot be opened by you" end
  file:close()
end

userland.TUN_HINT = "as root: modprobe tun && chmod 0666 /dev/net/tun"

local function choose(asked)
  for _, name in ipairs(asked and { asked } or userland.PROGRAMS) do
    if userland.find(name) then return name end
  end
  if asked then wrong(asked .. " is not in PATH", "install the package " .. (asked == "pasta" and "passt" or asked)) end
  wrong("without root it goes through pasta or slirp4netns, and neither is in PATH", "install the package passt or slirp4netns; or use --network none or host")
end

-- Puts what an ordinary user asks for into its final form: the name of the program. list: the wishes.
function userland.check(spec, list)
  local wish = list[1]
  if #list > 1 then wrong("without root a container has one network", "join several as root") end
  if not wish.word and require("tiny.net.store").find(wish.name).name ~= "bridge" then wrong(("%s is root's to join"):format(tiny.show(wish.name)), "--network bridge, pasta or slirp4netns") end
  if wish.ip or wish.ip6 or wish.mac or wish.aliases then wrong("without root it has no addresses and names to choose", "leave them out, or run as root") end
  spec.network, spec.networks = choose(wish.word), nil
  local lack = userland.no_tun()
  if lack then wrong(lack, userland.TUN_HINT) end
end

-- The path by which others of this user find a namespace that this process holds.
local function path_of(handle, kind)
  local wanted = ("%s:[%d]"):format(kind, handle.inode)
  for _, number in ipairs(tiny.list_dir("/proc/self/fd")) do
    if tiny.try(tiny.readlink, "/proc/self/fd/" .. number) == wanted then
      return ("/proc/%d/fd/%s"):format(tiny.getpid(), number)
    end
  end
  tiny.fail(("no descriptor of %s is open"):format(wanted))
end

-- A program in the background of this one, in a session of its own; `prepare` is called before it. Returns
-- the child, and a pipe with what it says.
local function launch(command, prepare)
  local said, into = tiny.pipe()
  local child = tiny.fork(function()
    tiny.setsid()
    tiny.dup2(tiny.open("/dev/null", { read = true, write = true }), 0)
    tiny.dup2(into, 1)
    tiny.dup2(into, 2)
    local keep = prepare and prepare() or 0
    tiny.exec { keep_fds = keep, env = { PATH = os.getenv("PATH") }, table.unpack(command) }
  end)
  into:close()
  child:wait_ready()
  return child, said
end

-- All that comes from a pipe, in one line: what a program said before it gave up.
local function words_of(pipe)
  local text = ""
  while true do
    local bytes = pipe:read()
    if not bytes then break end
    text = text .. bytes
  end
  local last
  for line in text:gmatch("[^\n]+") do
    -- It tells of a system log that is not there, too.
    if not line:find("to syslog", 1, true) and line:find("%S") then last = line end
  end
  return last or "it said nothing"
end

local function pasta(ctx, held)
  local command = {
    userland.find("pasta"), "--config-net", "--no-map-gw", "--quiet", "--pid", ctx.run .. PIDFILE,
    "--userns", path_of(ctx.userns, "user"), "--netns", path_of(ctx.netns, "net"), "--tcp-ns", "none", "--udp-ns", "none",
  }
  if #require("tiny.net.files").host_servers() > 0 then
    table.move({ "--dns-forward", PASTA_DNS }, 1, 2, #command + 1, command)
    ctx.servers = { PASTA_DNS }
  end
  local given = {}
  for _, port in ipairs(held) do
    local host = port.host and port.host .. "/" or ""
    table.move({ "--" .. port.proto .. "-ports", ("%s%d:%d"):format(host, port.port, port.to) }, 1, 2, #command + 1, command)
    given[port.proto] = true
  end
  for _, proto in ipairs { "tcp", "udp" } do
    if not given[proto] then table.move({ "--" .. proto .. "-ports", "none" }, 1, 2, #command + 1, command) end
  end
  local child <close>, said = launch(command)
  -- Its first process ends when the network is there.
  local text = words_of(said)
  local status = child:wait()
  if status ~= 0 then wrong(("pasta ended with %d: %s"):format(status, text), "its words are in `pasta --debug`; slirp4netns may do where it does not") end
end

-- Has slirp4netns take connections to a port, by its socket.
local function forward(ctx, port)
  local connection <close> = tiny.unix_connect(ctx.run .. SOCKET)
  connection:write(tiny.json_encode {
    execute = "add_hostfwd",
    arguments = { proto = port.proto, host_addr = port.host or "0.0.0.0", host_port = port.port, guest_addr = SLIRP_ADDR, guest_port = port.to },
  })
  local answer = tiny.json_decode(connection:read() or "") or {}
  if answer.error or not answer["return"] then
    wrong(("slirp4netns does not publish port %d: %s"):format(port.port, tiny.show(answer.error or "no answer")))
  end
end

local function slirp(ctx, held)
  local ready, tell = tiny.pipe()
  local command = {
    userland.find("slirp4netns"), "--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path", "--ready-fd=3",
    "--userns-path=" .. path_of(ctx.userns, "user"), "--api-socket=" .. ctx.run .. SOCKET, path_of(ctx.netns, "net"), "tap0",
  }
  local child <close>, said = launch(command, function()
    tiny.write_file(ctx.run .. PIDFILE, tostring(tiny.getpid()), { mode = PRIVATE_FILE })
    tiny.dup2(tell, 3)
    return 1
  end)
  tell:close()
  if ready:read() ~= "1" then
    local text = words_of(said)
    wrong(("slirp4netns ended with %d: %s"):format(child:wait(), text))
  end
  ctx.servers = { SLIRP_DNS }
  for _, port in ipairs(held) do forward(ctx, port) end
  ctx.userland = child:keep()
end

-- Makes the container's network namespace and the program that serves it. Ports are held for a moment, so
-- that one in use is told by name.
function userland.connect(ctx)
  ctx.netns = ctx.scope:add(tiny.netns { user = ctx.userns })
  local before = #ctx.scope.handles
  local held = require("tiny.net.ports").reserve(ctx)
  for i = #ctx.scope.handles, before + 1, -1 do table.remove(ctx.scope.handles):close() end
  local start = ctx.spec.network == "pasta" and pasta or slirp
  start(ctx, held)
  ctx.ports = #held > 0 and held or nil
end

-- Ends the program that serves a container, by its record of a pid: believed only when that process was
-- started for this container.
function userland.stop(of)
  local pid = math.tointeger(tonumber(tiny.read_file(of.run .. PIDFILE) or ""))
  local process <close> = pid and tiny.pidfd_open(pid) or nil
  local words = process and tiny.try(tiny.read_file, ("/proc/%d/cmdline"):format(pid))
  if words and words:find(of.run .. "/network.", 1, true) then
    tiny.try(tiny.kill, process, "SIGKILL")
    if of.userland then tiny.try(tiny.wait, of.userland) else tiny.poll({ process }, "5s") end
  end
  for _, name in ipairs { PIDFILE, SOCKET } do tiny.try(tiny.remove, of.run .. name) end
end

return userland
