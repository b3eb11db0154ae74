-- splicer_reset: resets every connection on both sides; new ones can be added.
local check = require "check"
local streams = require "streams"

local splicer <close> = tiny.splicer()
local client, server = streams.spliced(splicer)
local another, far = streams.spliced(splicer)
local list, left = splicer:reset()
check.equal(#list, 2)
check.equal(left, 0)
check.equal(list[1].reset, true)
for _, stream in ipairs { client, server, another, far } do
  tiny.poll({ stream }, "5s")
  check.fails("ECONNRESET", stream.read, stream)
end
check.equal(#splicer:reset(), 0)
local one, other = streams.spliced(splicer)
one:write "x"
check.equal(streams.read(splicer, other), "x")
