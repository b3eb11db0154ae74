-- tcp_listen, tcp_accept, tcp_connect: connections carry bytes both ways, between namespaces; an unanswered one times
-- out.
local check = require "check"

local web <close> = tiny.netns()
tiny.veth_pair({ name = "ta0", addr = "10.10.0.1/24" }, { name = "eth0", netns = web, addr = "10.10.0.2/24" })
local listener <close> = tiny.tcp_listen("10.10.0.2:0", { netns = web, backlog = 4 })
local place = "10.10.0.2:" .. listener.port
check.equal(listener:accept(), nil, "nobody waits")

local far <close> = tiny.tcp_connect(place, { timeout = "5s" })
check.equal(far.path, place)
check.equal(tiny.poll({ listener }, "5s")[1], listener)
local near <close> = listener:accept()
assert(near.path:match("^10%.10%.0%.1:%d+$"), near.path)
check.equal(near:read(), false, "an accepted connection does not wait")
far:write("question")
tiny.poll({ near }, "5s")
check.equal(near:read(), "question")
near:write("answer")
check.equal(far:read(), "answer", "one that was made does")
near:close()
check.equal(far:read(), nil, "the end")

-- A new listener gets its port at once, although connections of the old one linger.
local port = listener.port
listener:close()
local err = check.fails("ECONNREFUSED", tiny.tcp_connect, place)
check.equal(err.path, place)
local again <close> = tiny.tcp_listen(place, { netns = web })
check.equal(again.port, port)
local quick <close> = tiny.tcp_connect(place, { nonblock = true })
check.equal(quick:read(), false)

-- Without waiting: it is writable once it is connected, and a refusal shows at the first read.
local started <close> = tiny.tcp_connect(place, { wait = false })
local _, ready = tiny.poll({}, "5s", { write = { started } })
check.equal(ready[1], started)
check.equal(started:read(), false)
tiny.poll({ again }, "5s")
local refused <close> = tiny.tcp_connect("10.10.0.2:1", { wait = false })
tiny.poll({ refused }, "5s")
check.fails("ECONNREFUSED", refused.read, refused)
check.fails("ENETUNREACH", tiny.tcp_connect, "192.0.2.1:80", { netns = web, wait = false })
local silent <close> = tiny.tcp_connect("10.10.0.3:80", { wait = false })
check.equal(silent:read(), false, "it does not wait")

-- No answer: the address is on the link and no machine has it, so the timeout comes first.
local start = tiny.clock("monotonic")
err = check.fails("ETIMEDOUT", tiny.tcp_connect, "10.10.0.3:80", { timeout = "100ms" })
local passed = tiny.clock("monotonic") - start
assert(passed >= 0.1 and passed < 3, passed)
assert(err.hint:match("no reply"), err.hint)
check.fails("ENETUNREACH", tiny.tcp_connect, "192.0.2.1:80", { netns = web, timeout = "1s" })

err = check.fails("EADDRINUSE", tiny.tcp_listen, place, { netns = web })
check.equal(err.path, place)
check.fails("EADDRNOTAVAIL", tiny.tcp_listen, place)
check.refuses("listener: expected a listener handle, got a file handle", tiny.tcp_accept, far)
check.refuses('"80" is not an address with a port, such as "127.0.0.1:53" or "[::1]:53"', tiny.tcp_connect, "80")
check.refuses('option "timeout": "soon" is not a duration; write seconds or a number with ms, s, m, h or d: "10s"',
  tiny.tcp_connect, "127.0.0.1:80", { timeout = "soon" })
