-- tls_client_hello: the server name of a ClientHello in any fragments; what is ambiguous is refused.
local check = require "check"
local hello = require "tls_hello"

local whole = hello.record(hello.message { hello.server_name "Api.Example.com", { 43, "\2\3\4" } })
local found = tiny.tls_client_hello(whole)
check.equal(found.name, "api.example.com")
check.equal(found.ech, false)
check.equal(found.refused, nil)
check.equal(tiny.tls_client_hello(whole .. "early data").name, "api.example.com")

-- Byte by byte, and with one byte in each record. What it asks for is never more than is needed.
local message = hello.message { hello.server_name "a.b" }
for _, bytes in ipairs { hello.record(message), (message:gsub(".", hello.record)) } do
  local wanted = 0
  for length = 0, #bytes - 1 do
    local none, more = tiny.tls_client_hello(bytes:sub(1, length))
    check.equal(none, nil)
    assert(more > length and more <= #bytes and more >= wanted, more)
    wanted = more
  end
  check.equal(tiny.tls_client_hello(bytes).name, "a.b")
end

check.equal(tiny.tls_client_hello(hello.record(hello.message {})).name, nil)
check.equal(tiny.tls_client_hello(hello.record(hello.message { hello.server_name "a.b", { 0xfe0d, "x" } })).ech, true)
check.equal(tiny.tls_client_hello(hello.records(hello.message { { 21, ("\0"):rep(60000) }, hello.server_name "a.b" })).name, "a.b", "60 kB")

for why, bytes in pairs {
  ["no TLS"] = "GET / HTTP/1.1\r\n\r\n",
  ["an SSLv2 hello, or no TLS"] = "\x80\x2e\1\0\2",
  ["a server name that is not a host name"] = hello.record(hello.message { hello.server_name "a.b\0.c" }),
  ["an extension twice"] = hello.record(hello.message { hello.server_name "a.b", hello.server_name "c.d" }),
  ["several server names"] = hello.record(hello.message { { 0, string.pack(">s2", "\0\0\3a.b\0\0\3c.d") } }),
  ["a malformed ClientHello"] = hello.record(hello.message { { 0, "\0" } }),
  ["bytes after the ClientHello in its record"] = hello.record(message .. "\0"),
  ["an empty handshake record"] = hello.record(message:sub(1, 9)) .. hello.record "",
  ["another record within the ClientHello"] = hello.record(message:sub(1, 9)) .. "\23\3\3\0\1x",
  ["a ClientHello longer than 64 KiB"] = hello.record "\1\1\0\0",
  ["not a ClientHello"] = hello.record "\2\0\0\1x",
} do
  check.equal(tiny.tls_client_hello(bytes).refused, why)
end
check.refuses("bytes: expected string, got a table", tiny.tls_client_hello, {})
