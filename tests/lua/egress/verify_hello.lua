-- verify = "sni": a TLS connection passes when its server name is listed and pinned to the address, however the ClientHello
-- arrives. Everything else is reset, is an event, and nothing of it reaches the server.
local check = require "check"
local hello = require "tls_hello"
local rig = require "verify_rig"

local r = rig.start { hosts = { ["api.example"] = { rig.world4, rig.world6 }, ["other.example"] = { rig.other4 } } }
local HELLO = hello.of "api.example"

for _, addr in ipairs { rig.world4, rig.world6 } do
  local listener <close> = r:listen(addr, 443)
  -- Allowed: in one piece, byte by byte, one byte in each record, with early data, in another case.
  local byte_by_byte = hello.message { hello.server_name "API.example" }:gsub(".", hello.record)
  for what, pieces in pairs {
    whole = { HELLO }, early = { HELLO .. "\23\3\3\0\5early" }, records = { byte_by_byte }, long = { hello.records(hello.message {
      { 21, ("\0"):rep(60000) }, hello.server_name "api.example" }) },
    bytes = { HELLO:byte(1, -1) },
  } do
    local client <close> = r:connect(addr, 443)
    local all = ""
    for _, piece in ipairs(pieces) do
      piece = type(piece) == "number" and string.char(piece) or piece
      client:write(piece)
      all = all .. piece
      if #pieces > 1 then tiny.poll({}, "1ms") end
    end
    local server <close> = rig.accept(listener)
    check.equal(rig.read(server, #all), all, what)
    server:write "answer"
    check.equal(rig.read(client, 6), "answer", what)
  end

  -- Denied.
  local function record(...) return hello.record(hello.message { ... }) end
  for reason, bytes in pairs {
    ["no server name"] = record { 43, "\2\3\4" },
    ["no rule has this name"] = hello.of "evil.example",
    ["the name does not lead there"] = hello.of "other.example",
    ["encrypted ClientHello, which egress_ech refuses"] = record(hello.server_name "api.example", { 0xfe0d, "grease" }),
    ["an extension twice"] = record(hello.server_name "api.example", hello.server_name "evil.example"),
    ["several server names"] = record { 0, string.pack(">s2", "\0\0\11api.example\0\0\3c.d") },
    ["a server name that is not a host name"] = record(hello.server_name "api.example\0.evil"),
    ["a malformed ClientHello"] = record { 0, "\0\1" },
    ["an SSLv2 hello, or no TLS"] = "\x80\x2e\1\0\2",
    ["no TLS"] = "GET / HTTP/1.1\r\nHost: api.example\r\n\r\n",
    ["a ClientHello longer than 64 KiB"] = hello.record "\1\1\0\0",
    ["another record within the ClientHello"] = hello.record(HELLO:sub(6, 9)) .. "\23\3\3\0\1x",
  } do
    local client = r:connect(addr, 443)
    client:write(bytes)
    local event = r:denied(client, listener, reason, reason)
    check.equal(event.addr, addr)
    check.equal(event.port, 443)
    check.equal(event.protocol, "tcp")
    check.equal(math.type(event.from), "integer", "the port of the client")
  end
  -- Names of an address are not those of another.
  local client = r:connect(addr, 443)
  client:write "SSH-2.0-OpenSSH_9\r\n"
  r:denied(client, listener, "no TLS")
end
-- A second ClientHello with another name, after a HelloRetryRequest.
local listener <close> = r:listen(rig.world4, 443)
local client = r:connect(rig.world4, 443)
client:write(HELLO)
local server <close> = rig.accept(listener)
check.equal(rig.read(server, #HELLO), HELLO)
server:write("\22\3\3\0\90\2\0\0\86\3\3\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c")
assert(rig.read(client, 43))
client:write(hello.of "evil.example")
r:denied(client, listener, "another server name in the second ClientHello")
check.equal(select(2, rig.read(server, 1)), "ECONNRESET")

-- A connection to the check itself is refused: from the client and from the world, whose packets no rule redirects.
for own, netns in pairs { ["10.10.0.1"] = r.client, ["fd10::1"] = r.client } do
  local direct = tiny.try(tiny.tcp_connect, rig.place(own, r.port), { netns = netns, timeout = "5s", nonblock = true })
  if direct then
    tiny.try(direct.write, direct, HELLO)
    check.equal(select(2, rig.read(direct, 1)), "ECONNRESET", own)
  end
end
check.fails("ECONNREFUSED", tiny.tcp_connect, "198.51.100.1:" .. r.port, { netns = r.world, timeout = "5s" })
-- One that the rule redirects to another host's check: the client's address is not that of the container.
tiny.addr_add("eth0", "10.10.0.3/24", { netns = r.client }):keep()
rig.run(r.client, "ip route replace default via 10.10.0.1 src 10.10.0.3")
local spoofed = tiny.try(r.connect, r, rig.world4, 443)
if spoofed then
  tiny.try(spoofed.write, spoofed, HELLO)
  check.equal(select(2, rig.read(spoofed, 1)), "ECONNRESET", "another source address")
end
check.equal(listener:accept(), nil)
check.equal(r:next(0.1), nil, "no denial of what does not come from the container")
r:stop()
