-- wait: returns the status or the signal, once, with and without a timeout.
local check = require "check"

local child <close> = tiny.fork(function() return 44 end)
check.equal(child:wait(), 44, "the low eight bits")
check.fails("ECHILD", child.wait, child)

for value, status in pairs { [true] = 0, [false] = 1 } do
  local c <close> = tiny.fork(function() return value end)
  check.equal(c:wait(), status, tostring(value))
end
local leaving <close> = tiny.fork(function() os.exit(5) end)
check.equal(leaving:wait(), 5, "os.exit in a child")

-- Too early: nothing is returned, and the child is unchanged.
local slow <close> = tiny.fork(function() tiny.poll({}, "50s") end)
local before = tiny.clock()
check.equal(slow:wait("50ms"), nil, "when the time is over")
local took = tiny.clock() - before
assert(took >= 0.05 and took < 5, took)
check.equal(slow:wait(0), nil, "asked and gone on")
slow:kill("SIGKILL")
local status, signal = slow:wait("10s")
check.equal(status, 137)
check.equal(signal, "SIGKILL")

-- A child that was killed before it could report throws nothing.
local stopped <close> = tiny.fork(function() tiny.poll({}, "50s") end)
stopped:kill("TERM")
check.equal(stopped:wait(), 143)

-- An error is thrown only once: afterwards the child has been reaped.
local failing <close> = tiny.fork(function() tiny.fail("no %s", "luck") end)
check.equal(select(2, tiny.try(failing.wait, failing, "10s")).message, "no luck")
check.fails("ECHILD", failing.wait, failing)

-- An error arrives whatever it contains: no bytes, size or value can lose the message.
local function thrown(value)
  local c <close> = tiny.fork(function() tiny.fail(value) end)
  return select(2, tiny.try(c.wait, c))
end
check.equal(thrown({ message = "bad \xff" }).message, "bad \u{fffd}")
check.equal(#thrown({ message = ("x"):rep(200000) }).message, 8003)
local loop = {}
loop.loop = loop
local got = thrown { message = "kept", f = print, loop = loop, handle = tiny.netns(), n = 7, t = { 1, { x = true } } }
check.equal(got.message, "kept")
check.equal(got.n, 7)
check.equal(got.t[2].x, true)
check.equal(got.handle, "<netns>")

local held <close> = tiny.pidfd_open(tiny.getpid())
check.refuses("child: expected a child handle, got a process handle", tiny.wait, held)
check.refuses('timeout: "soon" is not a duration; write seconds or a number with ms, s, m, h or d: "10s"', slow.wait, slow, "soon")

-- A child that was waited for leaves no open descriptors.
collectgarbage()
collectgarbage()
local before = #tiny.list_dir("/proc/self/fd")
for _ = 1, 100 do
  local short <close> = tiny.fork(function() end)
  short:wait()
end
check.equal(#tiny.list_dir("/proc/self/fd"), before, "open descriptors")

-- The usage of a child, with its own children that it waited for.
local worker <close> = tiny.fork(function()
  local inner = tiny.fork(function()
    local limit = os.clock() + 0.2
    while os.clock() < limit do end
  end)
  return inner:wait()
end)
local status, signal, used = worker:wait(nil, { usage = true })
check.equal(status, 0)
check.equal(signal, nil)
assert(used.user_seconds + used.system_seconds >= 0.19, "CPU time of the grandchild")
assert(used.rss_peak > 1 << 20 and used.rss_peak < 1 << 30, "rss_peak: " .. used.rss_peak)
assert(used.voluntary_switches > 0 and used.involuntary_switches >= 0, "context switches")
local killed <close> = tiny.fork(function() tiny.poll({}, 60) end)
killed:kill "SIGKILL"
local ended = table.pack(killed:wait(nil, { usage = true }))
check.equal(ended[1], 137)
check.equal(ended[2], "SIGKILL")
check.equal(type(ended[3]), "table")
