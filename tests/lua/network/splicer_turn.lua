-- splicer_turn: returns what has ended and how many connections are left, and one busy connection does not starve others.
local check = require "check"
local streams = require "streams"

local splicer <close> = tiny.splicer()
local list, left = splicer:turn()
check.equal(#list, 0)
check.equal(left, 0)
local clients, servers = {}, {}
for i = 1, 50 do clients[i], servers[i] = streams.spliced(splicer) end
check.equal(select(2, splicer:turn()), 50)
for i = 1, 50 do clients[i]:write(("%d"):format(i)) end
for i = 1, 50 do check.equal(streams.read(splicer, servers[i]), ("%d"):format(i)) end
for i = 1, 50 do clients[i]:close() end
for i = 1, 50 do
  check.equal(streams.read(splicer, servers[i]), nil)
  servers[i]:close()
end
local ended, numbers = 0, {}
while ended < 50 do
  for _, one in ipairs(streams.ended(splicer)) do
    check.equal(numbers[one.number], nil, "each once")
    numbers[one.number], ended = true, ended + 1
    check.equal(one.received, 0)
    check.equal(one.refused, nil)
  end
end
check.equal(select(2, splicer:turn()), 0)
check.equal(#tiny.poll({ splicer }, 0), 0)
check.refuses("splicer: expected a splicer handle, got a table", tiny.splicer_turn, {})
