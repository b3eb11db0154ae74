-- nflog, nflog_receive: forwarded and sent packets that rules report, with their ends; groups; a full socket.
local check = require "check"
if not os.execute("command -v nft >/dev/null") then check.skip("needs nft for rules that log") end

local client <close> = tiny.netns()
local world <close> = tiny.netns()
tiny.veth_pair({ name = "ta0", addr = { "10.10.0.1/24", "fd10::1/64" }, nodad = true },
  { name = "eth0", netns = client, addr = { "10.10.0.2/24", "fd10::2/64" }, gateway = { "10.10.0.1", "fd10::1" }, nodad = true })
tiny.veth_pair({ name = "wan", addr = { "198.51.100.1/24", "2001:db8::1/64" }, nodad = true },
  { name = "eth0", netns = world, addr = { "198.51.100.7/24", "2001:db8::7/64" }, gateway = { "198.51.100.1", "2001:db8::1" }, nodad = true })
tiny.sysctl("net.ipv4.ip_forward", 1)
tiny.sysctl("net.ipv6.conf.all.forwarding", 1)

local log <close> = tiny.nflog()
check.equal(log.kind, "nflog")
check.equal(log:receive(), nil, "no packet yet")
local other <close> = tiny.nflog()
check.equal(other.group, log.group + 1, "the next free one")
check.fails("EBUSY", tiny.nflog, log.group)

local RULES = [[
table inet t {
  chain forward { type filter hook forward priority 0
    meta l4proto tcp log group GROUP prefix "no: " reject with tcp reset
    meta l4proto { udp, icmp, icmpv6, sctp } log group GROUP prefix "other" reject with icmpx admin-prohibited
  }
  chain output { type filter hook output priority 0
    ip daddr 198.51.100.7 udp dport 9 log group GROUP
  }
}]]
assert(os.execute(("printf '%%s' '%s' | nft -f -"):format((RULES:gsub("GROUP", log.group)))))

local function next_packet()
  check.equal(tiny.poll({ log }, "5s")[1], log, "a report")
  local packets = log:receive()
  check.equal(#packets, 1)
  check.equal(packets.lost, nil)
  return packets[1]
end

for _, place in ipairs { { "198.51.100.7", "10.10.0.2", "%s:%d" }, { "2001:db8::7", "fd10::2", "[%s]:%d" } } do
  local to, from, form = table.unpack(place)
  check.fails("ECONNREFUSED", tiny.tcp_connect, form:format(to, 443), { netns = client, timeout = "5s" })
  local packet = next_packet()
  check.equal(packet.prefix, "no: ")
  check.equal(("%d %s %s %d"):format(packet.protocol, packet.from, packet.to, packet.to_port), ("6 %s %s 443"):format(from, to))
  assert(packet.from_port > 1024 and packet.link, tiny.show(packet))
  check.equal(packet.uid, nil, "the sender is in another namespace")
  local mouth <close> = tiny.udp_bind(form:format(from, 0), { netns = client })
  mouth:send("x", form:format(to, 53))
  packet = next_packet()
  check.equal(("%d %d %d"):format(packet.protocol, packet.from_port, packet.to_port), ("17 %d 53"):format(mouth.port))
  check.equal(packet.prefix, "other")
end

-- A packet of this namespace has the user of its socket.
local here <close> = tiny.udp_bind("198.51.100.1:0")
here:send("x", "198.51.100.7:9")
local own = next_packet()
check.equal(own.uid, 0)
check.equal(own.prefix, "")
check.equal(own.link, nil)

-- Reports that nobody reads are lost, and the loss is reported.
for _ = 1, 4000 do here:send("x", "198.51.100.7:9") end
local lost, count = false, 0
for packets in function() return log:receive() end do
  lost, count = lost or packets.lost == true, count + #packets
end
assert(lost and count > 0 and count < 4000, ("%d reports, lost: %s"):format(count, tostring(lost)))
check.equal(log:receive(), nil)

-- The group is free once the handle is closed. It belongs to one namespace.
local group = log.group
log:close()
tiny.nflog(group):close()
local there <close> = tiny.nflog(other.group, { netns = world })
check.equal(there.group, other.group)
check.refuses("the nflog handle is closed", log.receive, log)
check.inside({ user = true }, function()
  local err = check.fails("EPERM", tiny.nflog)
  assert(err.hint:match("CAP_NET_ADMIN"), err.hint)
end)
-- An unprivileged user has groups in a namespace of its own.
check.inside({ user = true, net = true }, function() tiny.nflog():close() end)
