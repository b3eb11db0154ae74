-- The network of a container without root: a program of the user's carries what the container sends through
-- sockets of its own, and takes connections to published ports. pasta and slirp4netns can do it; each runs
-- beside the container until that ends, and stays when a supervisor is killed.
local userland = {}

local PIDFILE, SOCKET, SAID = "/network.pid", "/network.socket", "/network.said"
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

-- A process in the container's namespaces, by whose pid the program finds them: having joined the user
-- namespace, it could not look at a descriptor of ours. It ends with us: it has a share in the container's lock.
local function holder(ctx)
  local ours, kept = tiny.pipe()
  local child = tiny.clone({ user = ctx.userns, net = ctx.netns }, function()
    kept:close()
    tiny.set_dumpable(true)
    tiny.notify_ready()
    tiny.poll({ ours }, "60s")
  end)
  ours:close()
  child:wait_ready()
  return child, kept
end

-- A program in the background of this one, in a session of its own, with `input` as its standard input.
-- What it says goes to a file: it may outlive a reader. `prepare` is called before it.
local function launch(ctx, command, input, prepare)
  tiny.write_file(ctx.run .. SAID, "", { mode = PRIVATE_FILE })
  local child = tiny.fork(function()
    tiny.setsid()
    local said = tiny.open(ctx.run .. SAID, { write = true })
    tiny.dup2(input or tiny.open("/dev/null", { read = true, write = true }), 0)
    for number = 1, 2 do tiny.dup2(said, number) end
    if prepare then prepare() end
    tiny.exec { env = { PATH = os.getenv("PATH") }, table.unpack(command) }
  end)
  child:wait_ready()
  return child
end

-- The last of what a program said before it gave up.
local function words_of(ctx)
  local last
  for line in (tiny.read_file(ctx.run .. SAID) or ""):gmatch("[^\n]+") do
    -- It tells of a system log that is not there, too.
    if not line:find("to syslog", 1, true) and line:find("%S") then last = line end
  end
  return last or "it said nothing"
end

local function pasta(ctx, held, pid)
  local command = {
    userland.find("pasta"), "--config-net", "--no-map-gw", "--quiet", "--pid", ctx.run .. PIDFILE, "--tcp-ns", "none", "--udp-ns", "none",
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
  table.insert(command, pid)
  local child <close> = launch(ctx, command)
  -- Its first process ends when the network is there.
  local status = child:wait()
  if status ~= 0 then
    wrong(("pasta ended with %d: %s"):format(status, words_of(ctx)), "it needs a default route on the host; slirp4netns does without")
  end
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

local function slirp(ctx, held, pid)
  local ready, tell = tiny.pipe()
  local command = {
    userland.find("slirp4netns"), "--configure", "--mtu=65520", "--disable-host-loopback", "--ready-fd=0", "--api-socket=" .. ctx.run .. SOCKET,
    pid, "tap0",
  }
  local child <close> = launch(ctx, command, tell, function()
    tiny.write_file(ctx.run .. PIDFILE, tostring(tiny.getpid()), { mode = PRIVATE_FILE })
  end)
  tell:close()
  if ready:read() ~= "1" then wrong(("slirp4netns ended with %d: %s"):format(child:wait(), words_of(ctx))) end
  ctx.servers = { SLIRP_DNS }
  for _, port in ipairs(held) do forward(ctx, port) end
  ctx.userland = child:keep()
end

-- Makes the container's network namespace and the program that serves it.
function userland.connect(ctx)
  ctx.netns = ctx.scope:add(tiny.netns { user = ctx.userns })
  local held = require("tiny.net.ports").choose(ctx)
  local start = ctx.spec.network == "pasta" and pasta or slirp
  local inside <close>, kept = holder(ctx)
  local _ <close> = kept
  start(ctx, held, tostring(inside.pid))
  ctx.ports = #held > 0 and held or nil
end

-- Ends a process that was started for this container: a pid alone may be another's by now. Whether it was one.
local function kill(of, pid)
  local process <close> = pid and tiny.pidfd_open(pid) or nil
  local words = process and tiny.try(tiny.read_file, ("/proc/%d/cmdline"):format(pid))
  if not (words and words:find(of.run .. "/network.", 1, true)) then return false end
  tiny.try(tiny.kill, process, "SIGKILL")
  if of.userland then tiny.try(tiny.wait, of.userland) else tiny.poll({ process }, "5s") end
  return true
end

-- Those that have no pid on record yet, since their maker was killed meanwhile. A killed one may have forked.
local function kill_all(of)
  local found
  repeat
    found = false
    for _, name in ipairs(tiny.list_dir("/proc")) do
      local pid = math.tointeger(tonumber(name))
      found = pid ~= nil and kill(of, pid) or found
    end
  until not found
end

-- Ends the program that serves a container, by its record of a pid, or where there is none by its command line.
function userland.stop(of)
  local text = tiny.read_file(of.run .. PIDFILE)
  if not kill(of, math.tointeger(tonumber(text or ""))) and tiny.stat(of.run .. SAID) then kill_all(of) end
  for _, name in ipairs { PIDFILE, SOCKET, SAID } do tiny.try(tiny.remove, of.run .. name) end
end

return userland
