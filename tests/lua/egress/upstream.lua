-- Name servers that lie, are silent or answer too much, and a container that floods its resolver: each is bounded, and nobody else
-- notices.
local check = require "check"
local dns = require "dns"
local rig = require "egress_rig"

local many = {}
for n = 1, 2000 do many[n] = ("192.0.2.%d"):format(n % 250 + 1) end
local function lie(query, question, proto)
  local name = question.name
  if name == "forged.test" then
    -- Another question; the true answer follows too late.
    return tiny.dns_answer(query:sub(1, 2) .. dns.query("api.test", "A"):sub(3), { addrs = { "192.0.2.66" }, ttl = 60 })
  end
  if name == "garbage.test" then return query:sub(1, 2) .. "\x81\x80" .. ("\xc0\x0c"):rep(300) end
  if name == "empty.test" then return "" end
  if name == "large.test" and proto == "udp" then return query:sub(1, 2) .. string.char(query:byte(3) | 0x82) .. "\x80\0\1\0\0\0\0\0\0" .. query:sub(13, -12) end
  if name == "large.test" then return tiny.dns_answer(query, { addrs = many, ttl = 60 }) end
  if name == "servfail.test" then return tiny.dns_answer(query, { code = "SERVFAIL" }) end
  if name == "silent.test" then return false end
  if name:find("%.flood%.test$") then return tiny.dns_answer(query, { addrs = { "192.0.2.5" }, ttl = 1 }) end
end
rig.up(lie)
rig.zone { ["api.test"] = { A = { rig.ONE }, ttl = 1 }, ["zero.test"] = { A = { rig.ONE }, ttl = 0 } }
local names = { "api.test:443", "zero.test:443", "forged.test", "garbage.test", "empty.test", "large.test:443", "servfail.test", "silent.test", "*.flood.test:443" }
local c = rig.container("c", names, "--dns-option", "timeout:1", "--dns-option", "attempts:1")
local other = rig.container("other", { "api.test:443" })
local SERVFAIL = 2

for _, name in ipairs { "forged.test", "garbage.test", "empty.test", "servfail.test", "silent.test" } do
  local start = tiny.clock("monotonic")
  check.equal(rig.lookup(c, name), SERVFAIL, name)
  assert(tiny.clock("monotonic") - start < 3, name .. " takes too long")
end
check.equal(rig.connect(c, "192.0.2.66", 443), "ECONNREFUSED", "an answer to another question")

-- 64 kB by TCP: the first addresses are taken, and the answer is no larger than the client accepts.
local query = dns.query("large.test", "A", 65535)
local reply = dns.udp(query, { netns = c.netns, server = "127.0.0.11" })
check.equal(dns.parse(reply).code, 0)
assert(#reply <= 1232, "a reply of " .. #reply)
check.equal(dns.asked(rig.DNS, "large.test", "tcp"), 1)
local pins = #rig.pins(c)
assert(pins >= 1 and pins <= 64, pins .. " pins of one answer")

-- Many queries over one connection, and connections without end: the limits of the resolver.
local list = {}
for n = 1, 40 do list[n] = dns.query(n % 2 == 0 and "api.test" or "hidden.test", "A") end
local replies = { dns.tcp(list, { netns = c.netns, server = "127.0.0.11" }) }
for n = 1, 40 do check.equal(dns.parse(replies[n]).code, n % 2 == 0 and 0 or 3, "query " .. n .. " of a pipeline") end
local streams = {}
for n = 1, 100 do streams[n] = tiny.try(tiny.tcp_connect, "127.0.0.11:53", { netns = c.netns, timeout = "1s" }) end
for _, stream in ipairs(streams) do stream:write("\255\255x") end
check.equal(rig.lookup(c, "api.test"), 0, "beside open connections")
for _, stream in ipairs(streams) do stream:close() end

-- A flood of names of a wildcard, by which a container could tell its server something: few leave.
local socket <close> = tiny.udp_bind("0.0.0.0:0", { netns = c.netns })
for n = 1, 3000 do
  tiny.try(socket.send, socket, dns.query(("n%d.flood.test"):format(n), "A"), "127.0.0.11:53")
  if n % 100 == 0 then tiny.poll({}, "10ms") end
end
check.equal(rig.lookup(other, "api.test"), 0, "another container")
tiny.poll({}, "1s")
local _, asked = tiny.read_file("/tmp/asked-" .. rig.DNS):gsub("flood%.test", "")
assert(asked > 0 and asked < 700, asked .. " of 3000 names left")
tiny.poll({}, "1s")
check.equal(rig.lookup(c, "api.test"), 0, "after the flood")

-- What no resolver should be sent.
for _, bytes in ipairs { "", "\0", ("\0"):rep(12), ("\255"):rep(512), dns.query("api.test", "A"):sub(1, -3), dns.query("api.test", "A") .. ("x"):rep(2000) } do
  tiny.try(socket.send, socket, bytes, "127.0.0.11:53")
end
check.equal(rig.lookup(c, "api.test"), 0, "after damaged queries")

-- A name whose addresses live for no time can always be used, at once.
for n = 1, 200 do
  local code, addr = rig.lookup(c, "zero.test")
  check.equal(code .. addr, "0" .. rig.ONE, "lookup " .. n)
  local got, _, stream = rig.connect(c, addr, 443)
  check.equal(got, "ok", "connection " .. n)
  stream:close()
  if n % 40 == 0 then tiny.poll({}, "1s") end -- within the rate of queries that leave
end
check.succeeds("rm", "-f", "c", "other")
rig.down()
