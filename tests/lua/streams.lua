-- Pairs of TCP connections through a splicer, for its tests.
local check = require "check"
local streams = {}

-- Two ends of a TCP connection, which do not wait.
function streams.pair()
  local listener <close> = tiny.tcp_listen("127.0.0.1:0")
  local near = tiny.tcp_connect("127.0.0.1:" .. listener.port, { nonblock = true })
  tiny.poll({ listener }, "5s")
  return near, listener:accept()
end

-- A client and a server whose bytes the splicer moves, and the number of the connection; or nil and why it was refused.
function streams.spliced(splicer, options)
  local client, one = streams.pair()
  local server, other = streams.pair()
  local number, why = splicer:add(one, other, options)
  return client, server, number, why
end

-- The next bytes of a stream, while the splicer works: nil at the end, nil and the error of a failure, false after a while
-- without any.
function streams.read(splicer, stream, seconds)
  local limit = tiny.clock "monotonic" + (seconds or 5)
  while tiny.clock "monotonic" < limit do
    local bytes, err = tiny.try(stream.read, stream)
    if bytes ~= false then return bytes, err end
    tiny.poll({ stream, splicer }, limit - tiny.clock "monotonic")
    streams.turn(splicer)
  end
  return false
end

local over = setmetatable({}, { __mode = "k" })

function streams.turn(splicer)
  local list = splicer:turn()
  over[splicer] = over[splicer] or {}
  table.move(list, 1, #list, #over[splicer] + 1, over[splicer])
end

-- The connections that have ended since the last call; waits for one.
function streams.ended(splicer)
  repeat
    local list = over[splicer] or {}
    over[splicer] = {}
    if list[1] then return list end
    streams.turn(splicer)
  until not over[splicer][1] and #tiny.poll({ splicer }, "5s") == 0
  return check.equal(true, false, "a connection has ended")
end

-- Closes the writing side alone, which Lua cannot: the process that ends has the last other copy.
function streams.shut(stream)
  local shut = "import socket, os; socket.socket(fileno=0).shutdown(socket.SHUT_WR)"
  local child <close> = tiny.fork(function()
    tiny.dup2(stream, 0)
    tiny.exec { "python3", "-c", shut, env = { PATH = os.getenv "PATH" } }
  end)
  check.equal(child:wait(), 0)
end

return streams
