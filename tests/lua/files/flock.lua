-- flock: one holder, or several that share; ends with the handle and with the process.
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

-- Waiting, and the end of the holder.
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
check.equal(err.hint, "the file or its folder is missing")
check.refuses([[unknown option "timeout"; known are shared, wait]], tiny.flock, "lock", { timeout = 1 })
