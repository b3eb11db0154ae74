-- splicer: moves bytes both ways, passes ends and failures on, and stops reading when the other side does not.
local check = require "check"
local streams = require "streams"

local splicer <close> = tiny.splicer()
check.equal(splicer.kind, "splicer")
check.equal(#tiny.poll({ splicer }, 0), 0)

-- Bytes of both directions, and the end of each.
local client, server = streams.spliced(splicer)
client:write "question"
check.equal(streams.read(splicer, server), "question")
server:write "answer"
check.equal(streams.read(splicer, client), "answer")
streams.shut(client)
check.equal(streams.read(splicer, server), nil, "the end")
server:write "still"
check.equal(streams.read(splicer, client), "still", "half closed")
server:close()
check.equal(streams.read(splicer, client), nil)
local ended = streams.ended(splicer)
check.equal(#ended, 1)
check.equal(ended[1].sent, 8)
check.equal(ended[1].received, 11)
check.equal(ended[1].reset, false)

-- A side that does not read stops the other: what is on the way is limited.
local source, sink = streams.spliced(splicer)
local piece, written = ("x"):rep(1 << 20), 0
repeat
  local count = source:write(piece, { wait = false })
  written = written + count
  splicer:turn()
until count == 0 and #tiny.poll({ splicer }, "50ms", { write = { source } }) == 0
assert(written < 64 << 20, written)
local got = 0
while got < written do got = got + #streams.read(splicer, sink) end
check.equal(got, written)

-- A reset of one side is a reset of the other.
tiny.tcp_reset(sink)
local _, err = streams.read(splicer, source)
check.equal(err and err.code, "ECONNRESET")
check.equal(streams.ended(splicer)[1].reset, true)
splicer:close()
check.refuses("the splicer handle is closed", tiny.splicer_turn, splicer)
