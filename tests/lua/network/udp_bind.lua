-- udp_bind, udp_receive, udp_send: datagrams in both directions, within and between namespaces.
local check = require "check"

local one <close> = tiny.udp_bind("127.0.0.1:0")
local other <close> = tiny.udp_bind("127.0.0.1:0")
check.equal(one.kind, "udp")
check.equal(one.name, "127.0.0.1:" .. one.port, "the kernel's choice")
check.equal(one:receive(), nil, "none is there")
check.equal(#tiny.poll({ one }, 0), 0)
other:send("hel\0lo", "127.0.0.1:" .. one.port)
check.equal(tiny.poll({ one }, "5s")[1], one)
local bytes, from = one:receive()
check.equal(bytes, "hel\0lo")
check.equal(from, "127.0.0.1:" .. other.port)
one:send("", from)
tiny.poll({ other }, "5s")
check.equal(other:receive(), "", "an empty datagram is one")
check.equal(other:receive(), nil)

-- A long datagram arrives whole; a longer one cannot be sent.
one:send(("x"):rep(65507), from)
tiny.poll({ other }, "5s")
check.equal(#other:receive(), 65507)
local err = check.fails("EMSGSIZE", one.send, one, ("x"):rep(65508), from)
check.equal(err.path, from)

-- The socket belongs to the namespace in which it was created.
local web <close> = tiny.netns()
tiny.veth_pair({ name = "ta0", addr = "10.10.0.1/24" }, { name = "eth0", netns = web, addr = "10.10.0.2/24" })
local inside <close> = tiny.udp_bind("10.10.0.2:53", { netns = web })
local near <close> = tiny.udp_bind("10.10.0.1:0")
near:send("question", "10.10.0.2:53")
tiny.poll({ inside }, "5s")
bytes, from = inside:receive()
check.equal(bytes .. " from " .. from, "question from 10.10.0.1:" .. near.port)

tiny.link_set("lo", { netns = web, up = true })
local six <close> = tiny.udp_bind("[::1]:0", { netns = web })
six:send("self", "[::1]:" .. six.port)
tiny.poll({ six }, "5s")
check.equal(select(2, six:receive()), "[::1]:" .. six.port)

-- With a peer: it receives only from there, and learns that nobody listens there.
local server <close> = tiny.udp_bind("127.0.0.1:0")
local there = "127.0.0.1:" .. server.port
local client <close> = tiny.udp_bind("127.0.0.1:0", { peer = there })
one:send("a stranger", "127.0.0.1:" .. client.port)
client:send("question", there)
server:send("answer", select(2, server:receive()))
check.equal(client:receive(), "answer")
check.equal(client:receive(), nil, "the stranger")
server:close()
client:send("question", there)
check.fails("ECONNREFUSED", client.receive, client)
check.refuses('"peer" is not an address with a port, such as "127.0.0.1:53" or "[::1]:53"', tiny.udp_bind, "127.0.0.1:0", { peer = "peer" })

err = check.fails("EADDRINUSE", tiny.udp_bind, "127.0.0.1:" .. one.port)
check.equal(err.path, "127.0.0.1:" .. one.port)
check.fails("EADDRNOTAVAIL", tiny.udp_bind, "10.10.0.2:53")
local port = one.port
one:close()
tiny.udp_bind("127.0.0.1:" .. port):close()
check.refuses("the udp handle is closed", one.receive, one)
check.refuses('"localhost:53" is not an address with a port, such as "127.0.0.1:53" or "[::1]:53"', tiny.udp_bind, "localhost:53")
check.refuses('"10.0.0.1" is not an address with a port, such as "127.0.0.1:53" or "[::1]:53"', other.send, other, "x", "10.0.0.1")
check.refuses("to is missing: udp_send(udp, data, to)", other.send, other, "x")
