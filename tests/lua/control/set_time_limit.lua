-- set_time_limit: ends a loop and a call that waits; what goes on after that is killed.
local check = require "check"

local function limited(f)
  tiny.set_time_limit("100ms")
  local before = tiny.clock("monotonic")
  local _, err = tiny.try(f)
  tiny.set_time_limit(0)
  assert(tiny.clock("monotonic") - before < 10)
  return err
end

check.equal(limited(function() while true do end end).message, "the time limit has expired")
local err = limited(function() tiny.poll({}, "50s") end)
check.equal(err.code, "ETIMEDOUT")
check.equal(err.message, "the time limit has expired")
-- A limit that was removed does nothing.
tiny.set_time_limit("50ms")
tiny.set_time_limit(0)
tiny.poll({}, "200ms")
check.equal(limited(function() return 7 end), nil)

-- One that catches the error and goes on.
local child <close> = tiny.fork(function()
  local null <close> = tiny.open("/dev/null", { write = true })
  tiny.dup2(null, 2)
  tiny.set_time_limit("50ms", { grace = "200ms" })
  while true do tiny.try(function() while true do end end) end
end)
check.equal(select(2, child:wait("20s")), "SIGKILL")
