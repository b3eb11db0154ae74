-- http_request: the host of a request; what two parsers could read differently is refused.
local check = require "check"

local function request(first, ...)
  return first .. "\r\n" .. table.concat({ ... }, "\r\n") .. "\r\n\r\n"
end

local bytes = request("POST /a HTTP/1.1", "Host: API.example.com:8080", "Content-Length: 12", "Accept: */*")
local found = tiny.http_request(bytes .. "hello")
check.equal(found.method, "POST")
check.equal(found.host, "api.example.com")
check.equal(found.port, 8080)
check.equal(found.length, 12)
check.equal(found.switch, nil)
for length = 0, #bytes - 1 do
  local none, more = tiny.http_request(bytes:sub(1, length))
  check.equal(none, nil)
  check.equal(more, length + 1)
end
check.equal(tiny.http_request(request("PUT / HTTP/1.1", "host:a.b", "transfer-encoding: chunked")).length, nil)
check.equal(tiny.http_request(request("GET http://a.b/ HTTP/1.1", "Host: a.b")).port, nil)
check.equal(tiny.http_request(request("GET / HTTP/1.1", "Host: a.b", "Upgrade: websocket")).switch, "upgrade")
check.equal(tiny.http_request(request("CONNECT a.b:443 HTTP/1.1", "Host: a.b:443")).switch, "connect")

for why, bad in pairs {
  ["no HTTP"] = "\22\3\1\0",
  ["an HTTP version other than 1.0 and 1.1"] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ["no Host field"] = request("GET / HTTP/1.1", "A: b"),
  ["several Host fields"] = request("GET / HTTP/1.1", "Host: a.b", "hOST: a.b"),
  ["both Content-Length and Transfer-Encoding"] = request("GET / HTTP/1.1", "Host: a.b", "Content-Length: 1", "Transfer-Encoding: chunked"),
  ["several Content-Length fields"] = request("GET / HTTP/1.1", "Host: a.b", "Content-Length: 1", "Content-Length: 1"),
  ["an unknown Transfer-Encoding"] = request("GET / HTTP/1.1", "Host: a.b", "Transfer-Encoding: identity, chunked"),
  ["a line that does not end with CR LF"] = request("GET / HTTP/1.1", "Host: a.b\nHost: c.d"),
  ["a malformed header field"] = request("GET / HTTP/1.1", "Host: a.b", " folded"),
  ["a Host that is not a host name"] = request("GET / HTTP/1.1", "Host: 10.0.0.1"),
  ["a Host field that differs from the request target"] = request("GET http://c.d/ HTTP/1.1", "Host: a.b"),
  ["an upgrade to HTTP/2 or TLS, which name hosts themselves"] = request("GET / HTTP/1.1", "Host: a.b", "Upgrade: h2c"),
  ["an HTTP head longer than 32 KiB"] = "GET / HTTP/1.1\r\nA: " .. ("b"):rep(40000),
} do
  check.equal(tiny.http_request(bad).refused, why)
end
check.refuses("bytes: expected string, got a table", tiny.http_request, {})
