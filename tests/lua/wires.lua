-- Helpers of the network attack tests: namespaces of containers, whether a connection is established, frames that a
-- container sends with any content (through perl, from inside), and who receives them.
local check = require "check"
local sockets = require "sockets"

local wires = {}

-- Two networks and a machine next to the host, which routes packets for the containers through the host.
function wires.machine()
  local machine = tiny.netns()
  tiny.veth_pair({ name = "test0", addr = { "192.0.2.1/24", "fd92::1/64" }, nodad = true },
    { name = "eth0", netns = machine, addr = { "192.0.2.2/24", "fd92::2/64" }, nodad = true, gateway = { "192.0.2.1", "fd92::1" } })
  tiny.link_set("lo", { netns = machine, up = true })
  return machine
end

-- A running container: its namespace and its only interface.
function wires.container(name, ...)
  check.succeeds("run", "-d", "--name", name, ...)
  local entry = tiny.json_decode(check.succeeds("inspect", name))
  entry = entry[1] or entry
  local there = entry.state.networks[1]
  return { name = name, netns = tiny.open_ns("net", ("/proc/%d/ns/net"):format(entry.state.pid)), addr = there.addr, addr6 = there.addr6, mac_address = there.mac_address, gateway = there.gateway }
end

local function place(addr, port)
  return (addr:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(addr, port)
end

-- Whether a connection from `from` to addr (its port 80, or `port`) reaches the listener in `to` on port 80; netns nil
-- is the host.
function wires.connects(from, to, addr, port)
  local listener <close> = tiny.tcp_listen(place(addr:find(":", 1, true) and "::" or "0.0.0.0", 80), { netns = to })
  local stream <close> = tiny.try(tiny.tcp_connect, place(addr, port or 80), { netns = from, timeout = "1s" }) or nil
  return stream ~= nil and #tiny.poll({ listener }, "1s") == 1
end

-- Like `connects`, for a connection that should succeed: on a busy machine, a packet that is lost while a neighbor is looked up
-- is sent again only after a second.
function wires.reaches(...)
  for _ = 1, 5 do
    if wires.connects(...) then return true end
  end
  return false
end

local function bytes_of(mac)
  return (mac:gsub("%x%x:?", function(byte) return string.char(tonumber(byte:sub(1, 2), 16)) end))
end

local function sum(bytes)
  local total = 0
  if #bytes % 2 == 1 then bytes = bytes .. "\0" end
  for i = 1, #bytes, 2 do total = total + string.unpack(">I2", bytes, i) end
  while total > 0xffff do total = (total & 0xffff) + (total >> 16) end
  return ~total & 0xffff
end

-- An Ethernet frame; kind: its ethertype.
function wires.frame(to, from, kind, payload)
  return bytes_of(to) .. bytes_of(from) .. string.pack(">I2", kind) .. payload
end

-- A UDP datagram in an IP packet, by the family of its addresses.
function wires.udp(from, to, port, text)
  local a, b = tiny.parse_addr(from), tiny.parse_addr(to)
  local datagram = string.pack(">I2I2I2I2", 4000, port, 8 + #text, 0) .. text
  if #a == 16 then
    local check6 = sum(a .. b .. string.pack(">I4I4", #datagram, 17) .. datagram)
    datagram = datagram:sub(1, 6) .. string.pack(">I2", check6) .. text
    return string.pack(">I4I2BB", 6 << 28, #datagram, 17, 64) .. a .. b .. datagram
  end
  local head = string.pack(">BBI2I2I2BBI2", 0x45, 0, 20 + #datagram, 0, 0, 64, 17, 0) .. a .. b
  return head:sub(1, 10) .. string.pack(">I2", sum(head)) .. a .. b .. datagram
end

-- An ICMPv6 message in an IP packet, as required for neighbor discovery.
function wires.icmp6(from, to, kind, body)
  local a, b = tiny.parse_addr(from), tiny.parse_addr(to)
  local message = string.pack(">BBI2", kind, 0, 0) .. body
  local total = sum(a .. b .. string.pack(">I4I4", #message, 58) .. message)
  message = string.pack(">BBI2", kind, 0, total) .. body
  return string.pack(">I4I2BB", 6 << 28, #message, 58, 255) .. a .. b .. message
end

-- An ARP reply: `addr` is at `mac`.
function wires.arp(mac, addr, to_mac, to_addr)
  return string.pack(">I2I2BBI2", 1, 0x0800, 6, 4, 2) .. bytes_of(mac) .. tiny.parse_addr(addr) .. bytes_of(to_mac) .. tiny.parse_addr(to_addr)
end

-- A router advertisement for a default route.
function wires.advertisement(from, mac)
  return wires.icmp6(from, "ff02::1", 134, string.pack(">BBI2I4I4", 64, 0, 1800, 0, 0) .. "\1\1" .. bytes_of(mac))
end

-- A neighbor advertisement: `addr` is at `mac`.
function wires.claim(from, to, addr, mac)
  return wires.icmp6(from, to, 136, string.pack(">I4", 0x20000000) .. tiny.parse_addr(addr) .. "\2\1" .. bytes_of(mac))
end

local SEND = [[socket(S, 17, 3, 0) or die "socket: $!\n"; open F, "/sys/class/net/eth0/ifindex"; my $i = int(<F>);
for (@ARGV) { send(S, pack("H*", $_), 0, pack("SSlSCCa8", 17, 0, $i, 0, 0, 6, "")) or die "send: $!\n" }]]

-- Sends frames from a container; returns the error if it cannot.
function wires.send(container, ...)
  local words = { "exec", container.name, "perl", "-e", SEND }
  for _, frame in ipairs { ... } do
    table.insert(words, (frame:gsub(".", function(c) return ("%02x"):format(c:byte()) end)))
  end
  return check.run(words).err
end

local SEE = [[exec perl -e 'socket(S, 17, 3, 0x0300) or die; alarm 20; $| = 1; print "ready\n";
while (defined recv(S, $b, 4000, 0)) { print "$1 " if $b =~ /(mark-[a-z]+)/; last if $b =~ /mark-end/ }']]

-- The markers in the frames that arrive in a namespace while f runs; f sends one with "mark-end" last.
function wires.seen(netns, f)
  local watcher = sockets.inside(netns, function() return io.popen(SEE) end)
  assert(watcher:read("l") == "ready")
  f()
  local text = watcher:read("a")
  watcher:close()
  return text
end

-- The datagram that a socket receives within a second: text and sender, or nil.
function wires.received(socket)
  if #tiny.poll({ socket }, "1s") == 0 then return nil end
  return socket:receive()
end

-- The output of ip(8) in a namespace.
function wires.ip(netns, words)
  return sockets.inside(netns, function()
    local p = io.popen("ip " .. words)
    local text = p:read("a")
    p:close()
    return text
  end)
end

-- Collects failed expectations, so that one run reports all attacks.
function wires.tally()
  local wrong = {}
  return function(what, got, want)
    if got ~= want then table.insert(wrong, ("%s: %s, want %s"):format(what, tostring(got), tostring(want))) end
  end, function()
    if #wrong > 0 then error("\n  " .. table.concat(wrong, "\n  "), 2) end
  end
end

return wires
