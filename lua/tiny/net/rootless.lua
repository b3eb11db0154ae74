-- Rootless networking: a program of the user (pasta or slirp4netns) forwards the container's packets through its own
-- sockets and accepts connections to published ports. It runs next to the container until that ends, and survives a killed
-- supervisor.
local rootless = {}

local PIDFILE, SOCKET, OUTPUT = "/network.pid", "/network.socket", "/network.said"
-- The file that names the process that holds the namespaces of a container's router (tiny.egress.router).
rootless.HOLDER = "/network.holder"
local PRIVATE_FILE = tonumber("600", 8)
local TUN = "/dev/net/tun"
-- The name server addresses: the program forwards queries to the host's first name server.
rootless.DNS = { pasta = "169.254.1.1", slirp4netns = "10.0.2.3" }
local SLIRP_ADDR = "10.0.2.100"

rootless.PROGRAMS = { "pasta", "slirp4netns" }

local function wrong(message, hint)
  tiny.fail { message = "network: " .. message, hint = hint, exit = 125 }
end

-- The path of a program in PATH, or nil.
function rootless.find(name)
  for folder in (os.getenv("PATH") or ""):gmatch("[^:]+") do
    local s = folder:match("^/") and tiny.try(tiny.stat, folder .. "/" .. name)
    if s and s.kind == "file" and s.mode & tonumber("111", 8) ~= 0 then return folder .. "/" .. name end
  end
end

-- The problem with the tun device, which both programs need, or nil.
function rootless.no_tun()
  local file, err = tiny.try(tiny.open, TUN, { read = true, write = true })
  if not file then return err.code == "ENOENT" and TUN .. " is missing" or TUN .. " cannot be opened by your user" end
  file:close()
end

rootless.TUN_HINT = "as root: modprobe tun && chmod 0666 /dev/net/tun"

local function choose(asked)
  for _, name in ipairs(asked and { asked } or rootless.PROGRAMS) do
    if rootless.find(name) then return name end
  end
  if asked then wrong(asked .. " is not in PATH", "install the package " .. (asked == "pasta" and "passt" or asked)) end
  wrong("rootless networking needs pasta or slirp4netns, and neither is in PATH", "install the package passt or slirp4netns; or use --network none or host")
end

-- Converts a rootless container's network options to their final form: the name of the program. list: the requests.
function rootless.check(spec, list)
  local request = list[1]
  if #list > 1 then wrong("a rootless container can join only one network", "run as root to join several") end
  if not request.word and require("tiny.net.store").find(request.name).name ~= "bridge" then wrong(("only root can join network %s"):format(tiny.show(request.name)), "--network bridge, pasta or slirp4netns") end
  if request.ip or request.ip6 or request.mac_address or request.aliases then wrong("addresses and aliases cannot be chosen without root", "omit them, or run as root") end
  spec.network, spec.networks = choose(request.word), nil
  local lack = rootless.no_tun()
  if lack then wrong(lack, rootless.TUN_HINT) end
end

-- A process in the container's namespaces, whose pid the program uses to find them: after joining the user namespace, it
-- could not open our descriptors. It ends with the supervisor, since it shares the container's lock.
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

-- Starts a program in the background, in its own session, with `input` as its standard input. Its output goes to a file,
-- since it may outlive a reader. `prepare` is called first.
local function launch(ctx, command, input, prepare)
  tiny.write_file(ctx.run .. OUTPUT, "", { mode = PRIVATE_FILE })
  local child = tiny.fork(function()
    tiny.setsid()
    local output = tiny.open(ctx.run .. OUTPUT, { write = true })
    tiny.dup2(input or tiny.open("/dev/null", { read = true, write = true }), 0)
    for number = 1, 2 do tiny.dup2(output, number) end
    if prepare then prepare() end
    tiny.exec { env = { PATH = os.getenv("PATH") }, table.unpack(command) }
  end)
  child:wait_ready()
  return child
end

-- The last line of a failed program's output.
local function last_line(ctx)
  local last
  for line in (tiny.read_file(ctx.run .. OUTPUT) or ""):gmatch("[^\n]+") do
    -- Skips the message about a missing system log.
    if not line:find("to syslog", 1, true) and line:find("%S") then last = line end
  end
  return last or "no output"
end

-- Of a router's container the ports keep their numbers up to the router, which translates them. They are published over IPv4
-- only: pasta would connect from the host's [::1] to the router's, which cannot be translated.
local function pasta(ctx, held, pid, router)
  local command = {
    rootless.find("pasta"), "--config-net", "--no-map-gw", "--quiet", "--pid", ctx.run .. PIDFILE, "--tcp-ns", "none", "--udp-ns", "none",
  }
  if router then table.move({ "--ns-ifname", router.link }, 1, 2, #command + 1, command) end
  if router and router.dns or not router and #require("tiny.net.resolv_conf").host().servers > 0 then
    table.move({ "--dns-forward", rootless.DNS.pasta }, 1, 2, #command + 1, command)
    ctx.servers = { rootless.DNS.pasta }
  end
  local given = {}
  for _, port in ipairs(held) do
    local host = port.host or router and "0.0.0.0"
    local spec = ("%s%d:%d"):format(host and host .. "/" or "", port.port, router and port.port or port.to)
    table.move({ "--" .. port.proto .. "-ports", spec }, 1, 2, #command + 1, command)
    given[port.proto] = true
  end
  for _, proto in ipairs { "tcp", "udp" } do
    if not given[proto] then table.move({ "--" .. proto .. "-ports", "none" }, 1, 2, #command + 1, command) end
  end
  table.insert(command, pid)
  local child = launch(ctx, command)
  return function()
    local _ <close> = child
    -- Its first process exits when the network is ready.
    local status = child:wait()
    if status ~= 0 then
      wrong(("pasta exited with status %d: %s"):format(status, last_line(ctx)), "pasta needs a default route on the host; slirp4netns does not")
    end
  end
end

-- Makes slirp4netns accept connections to a port, through its API socket.
local function forward(ctx, port, to)
  local connection <close> = tiny.unix_connect(ctx.run .. SOCKET)
  connection:write(tiny.json_encode {
    execute = "add_hostfwd",
    arguments = { proto = port.proto, host_addr = port.host or "0.0.0.0", host_port = port.port, guest_addr = SLIRP_ADDR, guest_port = to },
  })
  local answer = tiny.json_decode(connection:read() or "") or {}
  if answer.error or not answer["return"] then
    wrong(("slirp4netns does not publish port %d: %s"):format(port.port, tiny.show(answer.error or "no answer")))
  end
end

local function slirp(ctx, held, pid, router)
  local ready, tell = tiny.pipe()
  local command = {
    rootless.find("slirp4netns"), "--configure", "--mtu=65520", "--disable-host-loopback", "--ready-fd=0", "--api-socket=" .. ctx.run .. SOCKET,
  }
  if router and not router.dns then table.insert(command, "--disable-dns") end
  ctx.servers = { rootless.DNS.slirp4netns }
  if router and router.ipv6 then table.insert(command, "--enable-ipv6") end
  table.move({ pid, "tap0" }, 1, 2, #command + 1, command)
  local child = launch(ctx, command, tell, function()
    tiny.write_file(ctx.run .. PIDFILE, tostring(tiny.getpid()), { mode = PRIVATE_FILE })
  end)
  tell:close()
  return function()
    local own <close> = child
    local pipe <close> = ready
    if pipe:read() ~= "1" then wrong(("slirp4netns exited with status %d: %s"):format(own:wait(), last_line(ctx))) end
    for _, port in ipairs(held) do forward(ctx, port, router and port.port or port.to) end
    ctx.userland = own:keep()
  end
end

-- Starts the program that serves the network namespace of this process; returns a function that waits until it does. router:
-- { link, ipv6, dns = whether it leads to the host's first name server }, if that is a router's.
function rootless.serve(ctx, held, pid, router)
  local start = ctx.spec.network == "pasta" and pasta or slirp
  return start(ctx, held, tostring(pid), router)
end

-- Creates the container's network namespace and starts the program that serves it.
function rootless.connect(ctx)
  ctx.netns = ctx.scope:add(tiny.netns { user = ctx.userns })
  local held = require("tiny.net.ports").choose(ctx)
  local inside <close>, kept = holder(ctx)
  local _ <close> = kept
  rootless.serve(ctx, held, inside.pid)()
  ctx.ports = #held > 0 and held or nil
end

-- Ends a process that was started for this container; a pid alone may have been reused. Returns whether it was one.
local function kill(of, pid)
  local process <close> = pid and tiny.pidfd_open(pid) or nil
  local words = process and tiny.try(tiny.read_file, ("/proc/%d/cmdline"):format(pid))
  if not (words and words:find(of.run .. "/network.", 1, true)) then return false end
  tiny.try(tiny.kill, process, "SIGKILL")
  if of.userland then tiny.try(tiny.wait, of.userland) else tiny.poll({ process }, "5s") end
  return true
end

-- Ends programs without a recorded pid, left by a killed supervisor. A killed program may have forked.
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

-- Ends the process that holds a router's namespaces.
local function release(of)
  local recorded = not of.holder and tiny.json_decode(tiny.read_file(of.run .. rootless.HOLDER) or "")
  local process = of.holder or recorded and require("tiny.store.state").open_process(recorded)
  if not process then return end
  tiny.try(tiny.kill, process, "SIGKILL")
  if of.holder then tiny.try(tiny.wait, process) else tiny.poll({ process }, "5s") end
  process:close()
  of.holder = nil
end

-- Ends the program that serves a container: by its recorded pid or, without one, by its command line.
function rootless.stop(of)
  local text = tiny.read_file(of.run .. PIDFILE)
  if not kill(of, math.tointeger(tonumber(text or ""))) and tiny.stat(of.run .. OUTPUT) then kill_all(of) end
  release(of)
  for _, name in ipairs { PIDFILE, SOCKET, OUTPUT, rootless.HOLDER } do tiny.try(tiny.remove, of.run .. name) end
end

return rootless
