-- verify = "sni", plain HTTP: the Host of every request on a connection is checked, and requests that two parsers could read
-- differently are refused. After an Upgrade or CONNECT that the server accepts, the rest passes.
local check = require "check"
local rig = require "verify_rig"

local r = rig.start { hosts = { ["api.example"] = { rig.world4, rig.world6 }, ["other.example"] = { rig.other4 } }, proxy = rig.world4 }
local function request(host, ...)
  return table.concat({ "GET / HTTP/1.1", "Host: " .. host, ... }, "\r\n") .. "\r\n\r\n"
end
local GOOD, OK = request "api.example", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

for _, addr in ipairs { rig.world4, rig.world6 } do
  local listener <close> = r:listen(addr, 80)
  -- Kept alive, pipelined, with bodies; then another host.
  local put = "PUT / HTTP/1.1\r\nHost: API.example:80\r\nContent-Length: 30\r\n\r\n" .. ("."):rep(30)
  local chunks = "POST / HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
  local client = r:connect(addr, 80)
  client:write(GOOD)
  local server <close> = rig.accept(listener)
  check.equal(rig.read(server, #GOOD), GOOD)
  server:write(OK)
  check.equal(rig.read(client, #OK), OK)
  client:write(put .. chunks .. GOOD)
  check.equal(rig.read(server, #put + #chunks + #GOOD), put .. chunks .. GOOD)
  client:write(request "other.example")
  local event = r:denied(client, listener, "another host in a later request")
  check.equal(event.addr, addr)
  check.equal(select(2, rig.read(server, 1)), "ECONNRESET")

  for reason, bytes in pairs {
    ["no rule has this name"] = request "evil.example",
    ["the name does not lead there"] = request "other.example",
    ["no Host field"] = "GET / HTTP/1.1\r\n\r\n",
    ["several Host fields"] = request("api.example", "Host: evil.example"),
    ["a Host that is not a host name"] = request(rig.world4),
    ["a Host field with another port"] = request "api.example:8080",
    ["a Host field that differs from the request target"] = "GET http://evil.example/ HTTP/1.1\r\nHost: api.example\r\n\r\n",
    ["both Content-Length and Transfer-Encoding"] = request("api.example", "Content-Length: 1", "Transfer-Encoding: chunked"),
    ["several Content-Length fields"] = request("api.example", "Content-Length: 0", "Content-Length: 30"),
    ["an unknown Transfer-Encoding"] = request("api.example", "Transfer-Encoding: xchunked"),
    ["a line that does not end with CR LF"] = request "api.example\nX: y",
    ["a malformed header field"] = request("api.example", " folded: x"),
    ["an upgrade to HTTP/2 or TLS, which name hosts themselves"] = request("api.example", "Connection: Upgrade", "Upgrade: h2c"),
    ["an HTTP version other than 1.0 and 1.1"] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ["another host in a later request"] = GOOD .. request "evil.example",
    ["no HTTP"] = "\22\3\1\0\5hello",
  } do
    local bad = r:connect(addr, 80)
    bad:write(bytes)
    if reason == "another host in a later request" then rig.accept(listener, 1) end
    r:denied(bad, nil, reason, reason)
    local stray = listener:accept()
    if stray then check.equal(select(2, rig.read(stray, 1)), "ECONNRESET", reason) end
  end
end

-- A websocket.
local listener <close> = r:listen(rig.world4, 80)
local UPGRADE = request("api.example", "Connection: Upgrade", "Upgrade: websocket")
local client = r:connect(rig.world4, 80)
client:write(UPGRADE .. "\x81\5frame")
local server = rig.accept(listener)
check.equal(rig.read(server, #UPGRADE), UPGRADE)
check.equal(#tiny.poll({ server }, "100ms"), 0, "not before the server has agreed")
server:write "HTTP/1.1 101 Switching Protocols\r\n\r\n"
check.equal(rig.read(server, 7), "\x81\5frame")

-- CONNECT to a proxy of the list is a tunnel, with a warning; after a refusal nothing more passes.
local CONNECT = "CONNECT any.example:443 HTTP/1.1\r\nHost: any.example:443\r\n\r\n"
for answer, tunnel in pairs { ["HTTP/1.1 200 Connection established\r\n\r\n"] = true, ["HTTP/1.1 405 Method Not Allowed\r\n\r\n"] = false } do
  client = r:connect(rig.world4, 80)
  client:write(CONNECT)
  server = rig.accept(listener)
  check.equal(rig.read(server, #CONNECT), CONNECT)
  local event = r:next()
  check.equal(event.reason, "a tunnel through a proxy is not checked")
  check.equal(event.event, "tunnel")
  check.equal(event.name, "any.example")
  server:write(answer)
  if tunnel then
    check.equal(rig.read(client, #answer), answer)
    client:write(request "evil.example")
    check.equal(rig.read(server, 5), request "evil.example")
  else
    r:denied(client, listener, "a refused CONNECT")
  end
end

-- On a port without a protocol of its own the first byte decides.
local any <close> = r:listen(rig.world4, 8443)
client = r:connect(rig.world4, 8443)
client:write(request "api.example:8443")
check.equal(rig.read(rig.accept(any), 20), request "api.example:8443")
client = r:connect(rig.world4, 8443)
client:write "EHLO there\r\n"
r:denied(client, any, "no HTTP")
r:stop()
