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

check.refuses("body is missing: fork(body)", tiny.fork)
check.refuses("body: expected function, got a table", tiny.fork, {})
