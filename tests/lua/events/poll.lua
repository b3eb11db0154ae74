-- poll: reports events of a child, a pipe, a signal and a file, together and separately.
local check = require "check"

local from, into = tiny.pipe()
local signals <close> = tiny.signals { "SIGUSR1" }
tiny.write_file("file", "")
local watch <close> = tiny.watch { "file" }
local go, gone = tiny.pipe()
local child <close> = tiny.fork(function() go:read() end)
local all = { child, from, signals, watch }
local function only(handle)
  local ready = tiny.poll(all, "5s")
  check.equal(#ready, 1)
  check.equal(ready[1], handle)
end
check.equal(#tiny.poll(all, 0), 0)

into:write("x")
only(from)
only(from)
from:read()
local sender <close> = tiny.fork(function() tiny.exec { "/bin/sh", "-c", "kill -USR1 $PPID" } end)
sender:wait()
only(signals)
check.equal(signals:next(), "SIGUSR1")
tiny.append_file("file", "x")
only(watch)
watch:changes()
gone:write("x")
only(child)
into:close()
check.equal(#tiny.poll(all, "5s"), 2, "the pipe's end counts too")
check.equal(from:read(), nil)

-- The timeout: it expires on time, not before and not much later.
for _, timeout in ipairs { "50ms", 0.05 } do
  local start = tiny.clock("monotonic")
  check.equal(#tiny.poll({ signals }, timeout), 0)
  local passed = tiny.clock("monotonic") - start
  assert(passed >= 0.05 and passed < 5, passed)
end

-- trim: the sleeping process uses much less memory, and works when it wakes.
local function sleeper(options, below)
  local told, tell = tiny.pipe()
  local hold, let = tiny.pipe()
  local child = tiny.fork(function()
    tiny.list_dir("/proc")
    tell:write("x")
    return #tiny.poll({ hold }, "20s", options) == 1 and hold:read() == "x" and tiny.json_encode { 1 } == "[1]" and 0 or 1
  end)
  told:read()
  -- It releases its pages before it sleeps, whenever that is.
  local pages, deadline = nil, tiny.clock("monotonic") + 5
  repeat
    tiny.poll({}, "50ms")
    pages = tonumber(tiny.read_file(("/proc/%d/statm"):format(child.pid)):match("^%d+ (%d+)"))
  until not below or pages < below or tiny.clock("monotonic") > deadline
  let:write("x")
  check.equal(child:wait(), 0, "the sleeper's status")
  return pages
end
local whole = sleeper()
local trimmed = sleeper({ trim = true }, whole * 0.7)
assert(trimmed < whole * 0.7, ("%d pages, trimmed %d"):format(whole, trimmed))

check.refuses("handles: the list is empty and there is no timeout: it would never return", tiny.poll, {})
check.refuses("handles is missing: poll(handles [, timeout] [, options])", tiny.poll)
check.refuses([[timeout: "soon" is not a duration; write seconds or a number with ms, s, m, h or d: "10s"]], tiny.poll, {}, "soon")
into, from = nil, nil
local closed <close> = tiny.open("file")
closed:close()
check.refuses("the file handle is closed", tiny.poll, { closed }, 0)
