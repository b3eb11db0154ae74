-- socketpair: two connected sockets; with seqpacket each write is read as one message.
local check = require "check"

local one, other = tiny.socketpair()
one:write("a")
one:write("b")
check.equal(other:read(), "ab", "a stream")
one:close()
check.equal(other:read(), nil, "the end")
other:close()

one, other = tiny.socketpair { type = "seqpacket", nonblock = true }
check.equal(other:read(), false, "nothing is there")
one:write("a")
one:write("b")
check.equal(other:read(), "a")
check.equal(other:read(), "b")
local taken = 0
while one:write(("x"):rep(1000), { wait = false }) > 0 do taken = taken + 1 end
assert(taken > 10, "a full socket takes nothing: " .. taken)
other:close()
check.fails("ECONNRESET", one.write, one, "x") -- the sent data was never read

check.refuses('option "type": "seqpackets" is not one of "stream"|"seqpacket"; did you mean "seqpacket"?', tiny.socketpair, { type = "seqpackets" })
