-- egress_verify = "sni" in a container: its TLS and HTTP connections to listed names are checked in the host's namespace, also for
-- ranges of ports; names without the check and ranges of addresses are not. A change of the rules ends what they allowed.
local check = require "check"
local hello = require "tls_hello"
local rig = require "egress_rig"

rig.up()
rig.zone {
  ["api.test"] = { A = { rig.ONE }, AAAA = { rig.SIX } }, ["other.test"] = { A = { rig.TWO } }, ["shared.test"] = { A = { rig.ONE } },
  ["free.test"] = { A = { "192.0.2.30" } },
}
local say, done = require("wires").tally()

-- What comes of a connection on which these bytes are sent: "echo", or the error's code.
local function sends(c, addr, port, bytes)
  local code, _, stream = rig.connect(c, addr, port)
  if code ~= "ok" then return code end
  local _, err = tiny.try(stream.write, stream, bytes)
  if err then return err.code end
  if #tiny.poll({ stream }, "5s") == 0 then return "silence" end
  local got, failure = tiny.try(stream.read, stream)
  stream:close()
  return got == bytes and "echo" or failure and failure.code or tiny.show(got)
end

local c = rig.container("c", { "api.test:443,80", "other.test:8000-9000", "10.8.0.0/16:8443" }, "--egress-verify", "sni")
local HELLO, REQUEST = hello.of "api.test", "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n"
say("before the name was asked for", sends(c, rig.ONE, 443, HELLO), "ECONNREFUSED")
for kind, addr in pairs { A = rig.ONE, AAAA = rig.SIX } do
  rig.lookup(c, "api.test", { kind = kind })
  say("a hello " .. kind, sends(c, addr, 443, HELLO), "echo")
  say("a request " .. kind, sends(c, addr, 80, REQUEST), "echo")
  say("another port " .. kind, sends(c, addr, 8443, HELLO), "ECONNREFUSED")
  say("another name " .. kind, sends(c, addr, 443, hello.of "shared.test"), "ECONNRESET")
  say("the event " .. kind, rig.denied(c, { addr = addr, name = "shared.test", by = "sni", reason = "no rule has this name" }) ~= nil, true)
  say("no TLS " .. kind, sends(c, addr, 443, REQUEST), "ECONNRESET")
  say("another host " .. kind, sends(c, addr, 80, "GET / HTTP/1.1\r\nHost: shared.test\r\n\r\n"), "ECONNRESET")
end
rig.lookup(c, "other.test")
say("a range of ports", sends(c, rig.TWO, 8443, hello.of "other.test"), "echo")
say("a name of another address", sends(c, rig.TWO, 8443, HELLO), "ECONNRESET")
say("the event", rig.denied(c, { addr = rig.TWO, name = "api.test", port = 8443, by = "sni" }) ~= nil, true)
say("a range of addresses is not read", sends(c, "10.8.0.1", 8443, "free text"), "echo")
say("pins of the check", #rig.pins(c) > 0 and rig.pins(c)[1].verify, true)

-- Only redirected packets reach the port of the check.
local ports = {}
for _, file in ipairs { "tcp", "tcp6" } do
  for line in io.lines(("/proc/%s/net/%s"):format(c.holder or "self", file)) do
    local port, state = line:match "^%s*%d+: %x+:(%x+) %x+:%x+ (%x%x)"
    if state == "0A" and tonumber(port, 16) > 10000 then ports[tonumber(port, 16)] = true end
  end
end
say("it listens", next(ports) ~= nil, true)
for port in pairs(ports) do
  say("directly", sends(c, c.gateway, port, HELLO), "ECONNREFUSED")
  say("from the world", tiny.try(tiny.tcp_connect, rig.HOST .. ":" .. port, { netns = rig.world.netns, timeout = "2s" }) == nil, true)
end

-- A change of the rules ends connections.
local code, _, stream = rig.connect(c, rig.ONE, 443)
check.equal(code, "ok", "before the revocation")
stream:write(HELLO)
tiny.poll({ stream }, "5s")
say("established", stream:read(), HELLO)
local socket <close> = tiny.unix_connect(c.run .. "/egress.socket")
socket:write(tiny.json_encode { op = "revoke", n = 1 } .. "\n")
tiny.poll({ stream }, "5s")
say("revoked", select(2, tiny.try(stream.read, stream)).code, "ECONNRESET")
say("after", sends(c, rig.ONE, 443, HELLO), "ECONNREFUSED")
rig.lookup(c, "api.test")

-- The check of one name alone; and ECH by choice.
check.succeeds("rm", "-f", "c")
tiny.write_file("/tmp/one.lua", ("local network = %q\n"):format(rig.network) .. [[
return require("tiny.container").new { command = { "sleep", "1000" }, network = network, egress_ech = "allow", egress = {
  { name = "api.test", ports = { 443 }, verify = "sni" }, { name = "free.test", ports = { 443 } } } }
]])
check.succeeds("run", "-d", "--name", "one", "/tmp/one.lua")
local one = rig.find "one"
rig.lookup(one, "api.test")
rig.lookup(one, "free.test")
say("checked", sends(one, rig.ONE, 443, "free text"), "ECONNRESET")
say("ECH is allowed", sends(one, rig.ONE, 443, hello.record(hello.message { hello.server_name "api.test", { 0xfe0d, "x" } })), "echo")
say("not checked", sends(one, "192.0.2.30", 443, "free text"), "echo")
check.succeeds("rm", "-f", "one")
say("no table is left", not os.execute "nft list table inet tiny-egress >/dev/null 2>&1", true)
done()
rig.down()
