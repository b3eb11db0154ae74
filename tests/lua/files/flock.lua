-- flock: one exclusive or several shared holders; released with the handle and with the process.
local check = require "check"

-- What another process gets now: the lock (true) or nothing.
local function free(options)
  options = options or {}
  options.wait = false
  local child <close> = tiny.fork(function() return tiny.flock("lock", options) and 0 or 1 end)
  return child:wait() == 0
end
do
  local lock <close> = tiny.flock("lock")
  check.equal(lock.kind, "lock")
  check.equal(free(), false)
  check.equal(free { shared = true }, false)
end
check.equal(free(), true, "after <close>")
do
  local lock <close> = tiny.flock("lock", { shared = true })
  check.equal(free { shared = true }, true)
  check.equal(free(), false)
end
tiny.try(function()
  local lock <close> = tiny.flock("lock")
  error("x")
end)
check.equal(free(), true, "after a failing body")

-- Blocking, and the end of the holder.
local ready, told = tiny.pipe()
local holder <close> = tiny.fork(function()
  local lock = tiny.flock("lock")
  told:write("x")
  tiny.poll({}, "10s")
end)
ready:read()
check.equal(free(), false)
local waiter <close> = tiny.fork(function() tiny.flock("lock") end)
check.equal(waiter:wait("50ms"), nil, "it waits")
holder:close()
check.equal(waiter:wait(), 0)
check.equal(free(), true)

tiny.symlink("elsewhere", "link")
check.fails("ELOOP", tiny.flock, "link")
check.equal(tiny.stat("elsewhere"), nil)
local err = check.fails("ENOENT", tiny.flock, "no/where")
check.equal(err.path, "no/where")
check.equal(err.hint, "the file or its directory is missing")
check.refuses([[unknown option "timeot"; did you mean "timeout"?]], tiny.flock, "lock", { timeot = 1 })

-- With a timeout: until it expires or the holder ends; later waits of the process are not shortened.
do
  local kept <close> = tiny.flock("lock")
  local impatient <close> = tiny.fork(function()
    local began = tiny.clock("monotonic")
    check.equal(tiny.flock("lock", { timeout = "300ms" }), nil)
    local took = tiny.clock("monotonic") - began
    assert(took >= 0.3 and took < 5, took)
    check.equal(#tiny.poll({}, "200ms"), 0)
    check.equal(tiny.flock("lock", { timeout = 0 }), nil)
  end)
  check.equal(impatient:wait(), 0)
end
local briefly, holds = tiny.pipe()
local brief <close> = tiny.fork(function()
  local lock = tiny.flock("lock")
  holds:write("x")
  tiny.poll({}, "200ms")
end)
briefly:read()
local lock <close> = tiny.flock("lock", { timeout = "60s" })
check.equal(lock.kind, "lock")
