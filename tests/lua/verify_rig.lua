-- A client and a world behind this host, with the check of TLS and HTTP connections between them: its process, and a keeper with
-- a list of hosts for its decisions. `rig.start` returns what the tests use.
local check = require "check"
local rig = { world4 = "198.51.100.7", world6 = "2001:db8::7", other4 = "198.51.100.8" }

local PORTS = "{ 80, 443, 8443 }"

local function sh(command)
  assert(os.execute(command), command)
end

-- The rule that leads the client's connections to the check.
local function redirect(port)
  sh(("nft 'add table inet check; add chain inet check pre { type nat hook prerouting priority -100; }; "
    .. "add rule inet check pre iifname \"vr0\" tcp dport %s redirect to :%d'"):format(PORTS, port))
end

-- The keeper: decides by { ["HOST"] = { ADDR, … } }, and writes each denial as a line.
local function keep(into, options)
  local Loop = require "tiny.base.loop"
  local verify = require "tiny.egress.verify"
  local k = { name = "rig", links = { { link = "vr0", addrs = { "10.10.0.2", "fd10::2" } } }, loop = Loop.new() }
  verify.listen(k)
  into:write(tiny.json_encode { port = k.relay_port } .. "\n")
  verify.start(k, {
    ech = options.ech,
    decide = function(name, addr, port, connect)
      if connect then return options.proxy == addr end
      for _, pinned in ipairs(options.hosts[name] or {}) do
        if pinned == addr and port ~= 8080 then return true end
      end
      return false, options.hosts[name] and "the name does not lead there" or "no rule has this name"
    end,
    report = function(found, from, event)
      found.from, found.event = from, event
      into:write(tiny.json_encode(found) .. "\n")
    end,
  })
  into:write(tiny.json_encode { relay = k.verify.child.pid } .. "\n")
  if options.reset then k.loop:on(options.reset, function() verify.reset(k) options.reset:read() end) end
  k.loop:run()
end

-- options: hosts, ech, proxy, reset (a pipe: a byte in it changes the rules).
function rig.start(options)
  if not os.execute "nft list ruleset >/dev/null 2>&1" then check.skip "needs nft" end
  local r = { client = tiny.netns(), world = tiny.netns(), rest = "" }
  tiny.veth_pair({ name = "vr0", addr = { "10.10.0.1/24", "fd10::1/64" }, nodad = true },
    { name = "eth0", netns = r.client, addr = { "10.10.0.2/24", "fd10::2/64" }, nodad = true }):keep()
  tiny.veth_pair({ name = "vw0", addr = { "198.51.100.1/24", "2001:db8::1/64" }, nodad = true },
    { name = "eth0", netns = r.world, addr = { rig.world4 .. "/24", rig.other4 .. "/24", rig.world6 .. "/64" }, nodad = true }):keep()
  for addr, via in pairs { ["10.10.0.1"] = r.client, ["fd10::1"] = r.client, ["198.51.100.1"] = r.world, ["2001:db8::1"] = r.world } do
    tiny.route_add("default", { via = addr, netns = via }):keep()
  end
  tiny.sysctl("net.ipv4.ip_forward", "1"):keep()
  tiny.sysctl("net.ipv6.conf.all.forwarding", "1"):keep()
  local from, into = tiny.pipe { nonblock = "read" }
  r.from = from
  r.keeper = tiny.fork(function() keep(into, options) end)
  into:close()
  r.port = rig.next(r).port
  redirect(r.port)
  r.relay = rig.next(r).relay
  return setmetatable(r, { __index = rig })
end

-- The next line of the keeper; nil after a while without one.
function rig.next(r, seconds)
  local limit = tiny.clock "monotonic" + (seconds or 5)
  while true do
    local line, rest = r.rest:match "^([^\n]*)\n(.*)$"
    if line then
      r.rest = rest
      return tiny.json_decode(line)
    end
    local left = limit - tiny.clock "monotonic"
    if left <= 0 or #tiny.poll({ r.from }, left) == 0 then return nil end
    local bytes = r.from:read()
    if not bytes then return nil end
    r.rest = r.rest .. bytes
  end
end

function rig.place(addr, port)
  return (addr:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(addr, port)
end

-- A connection of the client.
function rig.connect(r, addr, port)
  return tiny.tcp_connect(rig.place(addr, port), { netns = r.client, timeout = "5s", nonblock = true })
end

-- A server of the world; it waits for connections.
function rig.listen(r, addr, port)
  return tiny.tcp_listen(rig.place(addr, port), { netns = r.world, backlog = 4096 })
end

-- The next connection of a server; nil after a while without one.
function rig.accept(listener, seconds)
  tiny.poll({ listener }, seconds or 5)
  return listener:accept()
end

-- So many bytes of a stream; fewer at its end, or nil and the error.
function rig.read(stream, count, seconds)
  local got, limit = {}, tiny.clock "monotonic" + (seconds or 5)
  local size = 0
  while size < count do
    local left = limit - tiny.clock "monotonic"
    if left <= 0 or #tiny.poll({ stream }, left) == 0 then return false end
    local bytes, err = tiny.try(stream.read, stream)
    if err then return nil, err.code end
    if bytes == nil then break end
    if bytes then
      table.insert(got, bytes)
      size = size + #bytes
    end
  end
  return table.concat(got)
end

-- The client's connection was reset, and the denial has this reason; nothing has reached the server.
function rig.denied(r, client, listener, reason, what)
  local _, code = rig.read(client, 1)
  check.equal(code, "ECONNRESET", what)
  client:close()
  local event = rig.next(r)
  check.equal(event and event.reason, reason, what)
  check.equal(event.by, "sni")
  check.equal(listener and listener:accept(), nil, what)
  return event
end

-- Runs a program in the client's or the world's namespace; returns its output and its status.
function rig.run(netns, command)
  local from, into = tiny.pipe()
  local child = tiny.fork(function()
    tiny.setns(netns)
    tiny.dup2(into, 1)
    tiny.dup2(into, 2)
    tiny.exec { "sh", "-c", command, env = { PATH = os.getenv "PATH", HOME = "/tmp" } }
  end)
  into:close()
  local text = {}
  for bytes in function() return from:read() end do table.insert(text, bytes) end
  return table.concat(text), child:wait()
end

function rig.stop(r)
  r.keeper:close()
  sh "nft delete table inet check"
end

return rig
