-- fork: runs the closure in a child and returns its status and error to the parent.
local check = require "check"

local child <close> = tiny.fork(function() return 7 end)
check.equal(child:wait(), 7)

local failing <close> = tiny.fork(function() tiny.exec { "/no/such/program" } end)
local err = check.fails("ENOENT", failing.wait, failing)
check.equal(err.op, "exec")
check.equal(err.path, "/no/such/program")
assert(err.at:match("fork.lua:7$"), err.at)

-- Buffered text is written once, not by both.
io.stdout:setvbuf("full")
local from, into = tiny.pipe()
local saved = tiny.stdio(1)
tiny.dup2(into, 1)
io.write("once ")
local quiet <close> = tiny.fork(function() io.write("child ") end)
quiet:wait()
io.write("parent")
io.flush()
tiny.dup2(saved, 1)
check.equal(from:read(), "once child parent")

-- The child never returns into the parent's frames.
local ran = 0
local counted <close> = tiny.fork(function() ran = ran + 1 end)
counted:wait()
check.equal(ran, 0, "the parent's variables")
check.equal(tiny.getpid(), tonumber(tiny.readlink("/proc/self")), "it is the parent that goes on")

-- What the parent created is kept if a child closes its handle, or ends.
tiny.mkdir("mounted")
local mount <close> = tiny.mount_tmpfs("mounted")
for _, body in ipairs { function() mount:close() end, function() local mine <close> = mount end } do
  local closing <close> = tiny.fork(body)
  check.equal(closing:wait(), 0)
  assert(check.mount_at("/tmp/mounted"), "a child has undone what its parent made")
end

-- From a coroutine too; the rest of it runs in the parent only.
local steps = coroutine.wrap(function()
  local inner <close> = tiny.fork(function() return 3 end)
  coroutine.yield(inner:wait())
  return "end"
end)
check.equal(steps(), 3)
check.equal(steps(), "end")

-- The kernel keeps eight bits of a status: what does not fit is an error, not a success.
for _, case in ipairs { { nil, 0 }, { true, 0 }, { false, 1 }, { 255, 255 }, { 2.0, 2 } } do
  local ending <close> = tiny.fork(function() return case[1] end)
  check.equal(ending:wait(), case[2], tostring(case[1]))
end
for _, value in ipairs { 256, -1, -300, 3.5, 2 ^ 63, "3", {} } do
  local ending <close> = tiny.fork(function() return value end)
  local _, wrong = tiny.try(ending.wait, ending)
  check.equal(wrong.message, ("the function returned %s, which is not an exit status"):format(tiny.show(value)))
  check.equal(wrong.hint, "return nothing, a boolean, or an exit status from 0 to 255")
end
for _, value in ipairs { 256, -1, 1.5, "1" } do
  local _, wrong = tiny.try(os.exit, value)
  assert(wrong.message:find("os.exit: " .. value .. " is not an exit status from 0 to 255", 1, true), wrong.message)
  _, wrong = tiny.try(tiny.fail, { message = "x", exit = value })
  assert(wrong.message:find("fail: exit: " .. value .. " is not an exit status from 0 to 255", 1, true), wrong.message)
end
local exiting <close> = tiny.fork(function() os.exit(9) end)
check.equal(exiting:wait(), 9)

check.refuses("body is missing: fork(body)", tiny.fork)
check.refuses("body: expected function, got a table", tiny.fork, {})
