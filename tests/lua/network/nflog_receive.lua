-- nflog_receive: the denied packets of a fence, of both families.
local check = require "check"
local fenced = require "fenced"
local near = fenced.up()

local log <close> = tiny.nflog(5000)
local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7 })
tiny.egress_link("web", "td0", { addr = { fenced.ADDR, fenced.ADDR6 } })
local function logged()
  if #tiny.poll({ log }, "2s") == 0 then return nil end
  return log:receive()[1]
end
fenced.connects(fenced.FAR, 443)
local packet = logged()
check.equal(packet.from, fenced.ADDR)
check.equal(packet.to, fenced.FAR)
check.equal(packet.protocol, 6)
check.equal(packet.to_port, 443)
assert(packet.from_port > 1023)
for _, link in ipairs(tiny.links()) do
  if link.name == "td0" then check.equal(packet.link, link.index) end
end
local udp <close> = tiny.udp_bind("[::]:4000", { netns = near })
udp:send("x", "[" .. fenced.FAR6 .. "]:53")
packet = logged()
check.equal(packet.to, fenced.FAR6)
check.equal(("%d %d %d"):format(packet.protocol, packet.from_port, packet.to_port), "17 4000 53")
-- A flood is logged in part.
for n = 1, 1000 do tiny.try(udp.send, udp, "x", ("[2001:db8::1:%x]:53"):format(n)) end
local count = 0
while #tiny.poll({ log }, "200ms") > 0 do count = count + #(log:receive() or {}) end
assert(count > 0 and count < 300, count .. " of 1000 packets are logged")
