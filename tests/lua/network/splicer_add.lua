-- splicer_add: with `tls` and `http` each message that names a host must name this one; what is refused resets both sides.
local check = require "check"
local hello = require "tls_hello"
local streams = require "streams"

local splicer <close> = tiny.splicer()
local GET, OTHER = "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n", "GET / HTTP/1.1\r\nHost: c.d\r\n\r\n"

local function is_reset(stream)
  local _, err = streams.read(splicer, stream)
  check.equal(err and err.code, "ECONNRESET")
end

-- Received bytes go first; numbers differ.
local client, server, number = streams.spliced(splicer, { data = "first" })
client:write " second"
local got = ""
while #got < 12 do got = got .. streams.read(splicer, server) end
check.equal(got, "first second")
local more, far, other = streams.spliced(splicer, { data = GET, http = "a.b" })
assert(other > number)
check.equal(streams.read(splicer, far), GET)
more:write(GET:sub(1, 20))
check.equal(streams.read(splicer, far, 0.1), false, "half a request")
more:write(GET:sub(21))
check.equal(streams.read(splicer, far), GET)
far:write "HTTP/1.1 200 OK\r\n"
check.equal(streams.read(splicer, more), "HTTP/1.1 200 OK\r\n")
more:write(OTHER)
is_reset(far)
is_reset(more)
check.equal(streams.ended(splicer)[1].refused, "another host in a later request")

-- What was received is refused at once.
local one, two, none, why = streams.spliced(splicer, { data = GET .. OTHER, http = "a.b" })
check.equal(none, nil)
check.equal(why, "another host in a later request")
is_reset(one)
is_reset(two)

-- A websocket is not read after the server has agreed.
local UPGRADE = "GET / HTTP/1.1\r\nHost: a.b\r\nUpgrade: websocket\r\n\r\n"
local page, site = streams.spliced(splicer, { data = UPGRADE .. OTHER, http = "a.b" })
check.equal(streams.read(splicer, site), UPGRADE)
check.equal(streams.read(splicer, site, 0.1), false, "before the answer")
site:write "HTTP/1.1 101 Switching Protocols\r\n\r\n"
check.equal(streams.read(splicer, site), OTHER)
page:write "frame"
check.equal(streams.read(splicer, site), "frame")

-- A second ClientHello.
local user, secure = streams.spliced(splicer, { data = hello.of "a.b", tls = "a.b" })
check.equal(streams.read(splicer, secure), hello.of "a.b")
user:write(hello.of "c.d")
is_reset(secure)
check.equal(streams.ended(splicer)[1].refused, "another server name in the second ClientHello")

-- A server that refuses the connection.
local from <close>, near = streams.pair()
splicer:add(near, tiny.tcp_connect("127.0.0.1:1", { wait = false }), { data = "x" })
is_reset(from)

local pipe, into = tiny.pipe()
local left, right = streams.pair()
check.refuses("tls and http exclude each other", splicer.add, splicer, left, right, { tls = "a.b", http = "a.b" })
check.refuses("client and server are the same handle", splicer.add, splicer, left, left)
check.refuses("client: expected a file handle, got a splicer handle", splicer.add, splicer, splicer, left)
check.fails("ENOTSOCK", splicer.add, splicer, left, pipe)
