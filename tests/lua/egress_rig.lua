-- The rig of the egress tests: a container C; the host H with two addresses and services on all of its addresses; and a world W
-- behind the host that has every other address, with a name server at rig.DNS and servers that echo on all addresses.
local check = require "check"
local dns = require "dns"
local net = require "networked"
local sockets = require "sockets"

local rig = { DNS = "198.51.100.53", ONE = "198.51.100.7", TWO = "198.51.100.8", SIX = "2001:db8::7", HOST = "198.51.100.1", HOST2 = "203.0.113.1", HOST6 = "2001:db8::1" }

-- The containers' network: this one, or the program of an unprivileged user's.
rig.network = "six"

local ZONE = "/tmp/zone.json"

-- Ports of the servers in W and on H.
local PORTS = { 22, 53, 80, 443, 853, 8080, 8443 }

local function place(addr, port)
  return (addr:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(addr, port)
end

-- Echoes what it receives on these ports, over TCP by both families and over UDP at some addresses.
local function serve(netns, udp)
  local handles, streams = {}, {}
  for _, port in ipairs(PORTS) do
    for _, any in ipairs { "0.0.0.0", "::" } do
      local listener = tiny.try(tiny.tcp_listen, place(any, port), { netns = netns })
      if listener then handles[listener] = "listener" end
    end
    for _, addr in ipairs(udp) do
      local socket = tiny.try(tiny.udp_bind, place(addr, port), { netns = netns })
      if socket then handles[socket] = "udp" end
    end
  end
  local child = tiny.fork(function()
    tiny.notify_ready()
    while true do
      local all = {}
      for handle in pairs(handles) do table.insert(all, handle) end
      for stream in pairs(streams) do table.insert(all, stream) end
      for _, ready in ipairs(tiny.poll(all)) do
        if handles[ready] == "listener" then
          local stream = tiny.try(ready.accept, ready)
          if stream then streams[stream] = true end
        elseif handles[ready] then
          local bytes, from = tiny.try(ready.receive, ready)
          if bytes then tiny.try(ready.send, ready, bytes, from) end
        else
          local bytes = tiny.try(ready.read, ready)
          if bytes then tiny.try(ready.write, ready, bytes) elseif bytes ~= false then streams[ready] = nil ready:close() end
        end
      end
    end
  end)
  child:wait_ready()
  for handle in pairs(handles) do handle:close() end
  return child
end

-- What the name server answers: { ["api.test"] = { A = {…}, AAAA = {…}, ttl = 60, code = "NXDOMAIN", silent = true }, … }.
function rig.zone(zone)
  tiny.write_file(ZONE .. ".new", tiny.json_encode(zone))
  tiny.rename(ZONE .. ".new", ZONE)
end

local function respond(query, question)
  local entry = (tiny.json_decode(tiny.read_file(ZONE)) or {})[question.name]
  if not entry then return tiny.dns_answer(query, { code = "NXDOMAIN" }) end
  if entry.silent then return nil end
  return tiny.dns_answer(query, { addrs = entry[question.type] or {}, ttl = entry.ttl or 60, code = entry.code, max = entry.max or 65535 })
end

-- Builds W and H. answer(query, question, proto): replies of the name server in place of the zone's, nil for those.
function rig.up(answer)
  net.needs()
  sockets.needed()
  if tiny.probe().network.nftables == false then check.skip("this kernel has no nftables") end
  local W = tiny.netns()
  tiny.veth_pair({ name = "test0", addr = { rig.HOST .. "/24", rig.HOST6 .. "/64" }, nodad = true },
    { name = "eth0", netns = W, addr = { rig.ONE .. "/24", rig.TWO .. "/24", rig.DNS .. "/24", rig.SIX .. "/64" }, nodad = true, gateway = { rig.HOST, rig.HOST6 } }):keep()
  tiny.link_set("lo", { up = true })
  tiny.link_set("lo", { netns = W, up = true })
  tiny.addr_add("test0", rig.HOST2 .. "/32"):keep()
  for _, command in ipairs { "ip route add local default dev lo", "ip -6 route add local default dev lo table main metric 1" } do
    sockets.inside(W, function() assert(os.execute(command)) end)
  end
  tiny.route_add("default", { via = rig.ONE }):keep()
  tiny.route_add("default", { via = rig.SIX, dev = "test0" }):keep()
  for _, metadata in ipairs { "169.254.169.254/32", "fd00:ec2::254/128" } do
    tiny.route_add(metadata, { via = metadata:find("::", 1, true) and rig.SIX or rig.ONE, dev = "test0" }):keep()
  end
  tiny.write_file("/tmp/resolv.conf", "nameserver " .. rig.DNS .. "\n")
  tiny.mount_bind("/tmp/resolv.conf", "/etc/resolv.conf"):keep()
  rig.zone {}
  local world = { netns = W, children = {} }
  table.insert(world.children, dns.server(W, rig.DNS, function(query, question, proto)
    local reply = answer and answer(query, question, proto)
    if reply == false then return nil end
    return reply or respond(query, question)
  end, true))
  table.insert(world.children, serve(W, { rig.ONE, rig.SIX }))
  table.insert(world.children, serve(nil, { rig.HOST, rig.HOST6 }))
  sockets.inside(W, function()
    local p = io.popen("nft -f -", "w")
    p:write(("table inet count { counter seen { }; chain in { type filter hook prerouting priority -300; ip daddr %s accept; meta l4proto ipv6-icmp accept; counter name seen\n}\n}\n"):format(rig.DNS))
    assert(p:close(), "nft")
  end)
  -- The kernel learns the neighbors of new IPv6 addresses with a delay.
  for _ = 1, 50 do
    local stream <close> = tiny.try(tiny.tcp_connect, place(rig.SIX, 80), { timeout = "1s" }) or nil
    if stream then break end
  end
  if rig.network == "six" then check.succeeds("network", "create", "--ipv6", "six") end
  rig.world = world
  return world
end

-- The number of packets that W has received, except those for its name server.
function rig.packets()
  return sockets.inside(rig.world.netns, function()
    local p = io.popen("nft list counters table inet count")
    local text = p:read("a")
    p:close()
    return tonumber(text:match("packets (%d+)"))
  end)
end

function rig.down()
  for _, child in ipairs(rig.world.children) do
    tiny.kill(child, "SIGKILL")
    child:wait()
  end
  if rig.network == "six" then check.succeeds("network", "rm", "six") end
end

-- A running container with these rules; more: further words of `run`.
function rig.container(name, rules, ...)
  local words = { "run", "-d", "--name", name, "--network", rig.network, ... }
  for _, rule in ipairs(rules or {}) do table.move({ "--egress", rule }, 1, 2, #words + 1, words) end
  table.move({ "sleep", "1000" }, 1, 2, #words + 1, words)
  check.succeeds(table.unpack(words))
  return rig.find(name)
end

-- A running container: its name, id, pid, namespace, addresses and gateway.
function rig.find(name)
  local entry = tiny.json_decode(check.succeeds("inspect", name))[1]
  local first, run = (entry.state.networks or {})[1], check.root .. "/run/" .. entry.id
  local holder = not first and tiny.json_decode(tiny.read_file(run .. "/network.holder") or "")
  local router = holder and tiny.open_ns("net", ("/proc/%d/ns/net"):format(holder.pid)) or nil
  first = first or { addr = "10.187.143.2", addr6 = "fd74:6c75:6172::2", gateway = "10.187.143.1" }
  return { name = name, id = entry.id, pid = entry.state.pid, supervisor = entry.state.supervisor.pid, netns = tiny.open_ns("net", ("/proc/%d/ns/net"):format(entry.state.pid)),
    addr = first.addr, addr6 = first.addr6, gateway = first.gateway, link = first.link, run = run, router = router, holder = holder and holder.pid }
end

-- The pins of a container; its fence is in the host's namespace, or in that of an unprivileged user's router.
function rig.pins(c) return tiny.egress_pins(c.id, { netns = c.router }) end

-- Resolves a name in a container: the response code and the addresses, sorted. o: kind ("A"), tcp, wait.
function rig.lookup(c, name, o)
  o = o or {}
  local query, options = dns.query(name, o.kind or "A"), { netns = c.netns, server = "127.0.0.11", wait = o.wait or 10 }
  local bytes
  if o.tcp then bytes = dns.tcp({ query }, options) else bytes = dns.udp(query, options) end
  if not bytes then return nil end
  local reply, addrs = dns.parse(bytes), {}
  local raw = tiny.dns_reply(bytes, { name = name, type = o.kind == "AAAA" and "AAAA" or "A" })
  for _, addr in ipairs(raw and raw.addrs or {}) do table.insert(addrs, addr) end
  table.sort(addrs)
  return reply.code, table.concat(addrs, " "), raw and raw.ttl
end

-- Connects from a container: "ok" or the error's code, the milliseconds, and the stream.
function rig.connect(c, addr, port, timeout)
  local start = tiny.clock("monotonic")
  local stream, err = tiny.try(tiny.tcp_connect, place(addr, port), { netns = c.netns, timeout = timeout or "5s" })
  return stream and "ok" or err.code, (tiny.clock("monotonic") - start) * 1000, stream
end

-- Whether a datagram to this place is echoed.
function rig.udp(c, addr, port, wait)
  local socket <close> = tiny.udp_bind(addr:find(":", 1, true) and "[::]:0" or "0.0.0.0:0", { netns = c.netns })
  local _, err = tiny.try(socket.send, socket, "x", place(addr, port))
  if err then return err.code end
  if #tiny.poll({ socket }, wait or "500ms") == 0 then return "silence" end
  local bytes, failure = tiny.try(socket.receive, socket)
  return bytes and "ok" or failure and failure.code or "silence"
end

-- Whether a stream still echoes.
function rig.echoes(stream, wait)
  local _, err = tiny.try(stream.write, stream, "ping")
  if err or #tiny.poll({ stream }, wait or "2s") == 0 then return false end
  return tiny.try(stream.read, stream) == "ping"
end

-- The denials of a container so far.
function rig.denials(c)
  local list = {}
  for line in (tiny.read_file(check.root .. "/events/current.jsonl") or ""):gmatch("[^\n]+") do
    local event = tiny.json_decode(line)
    if event and event.event == "deny" and event.id == c.id then table.insert(list, event.attributes or {}) end
  end
  return list
end

-- Waits for a denial with these attributes; returns it, or nil after a second.
function rig.denied(c, wanted)
  local limit = tiny.clock("monotonic") + 2
  repeat
    for _, denial in ipairs(rig.denials(c)) do
      local same = true
      for key, value in pairs(wanted) do same = same and denial[key] == value end
      if same then return denial end
    end
    tiny.poll({}, "20ms")
  until tiny.clock("monotonic") > limit
end

return rig
