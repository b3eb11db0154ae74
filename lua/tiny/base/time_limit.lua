-- Calls functions of a recipe from a process that others wait for: they have a time limit, and cannot end the process.
local time_limit = {}

-- Seconds that a function may take.
time_limit.USUAL = 10

local function no_exit()
  tiny.fail { message = "os.exit would end the supervisor: refused", hint = "return from the callback; tiny.kill(ctx.process) ends the container" }
end

-- Calls f(…); returns its results, or nil and the error. A function that ends neither at its limit nor soon afterwards, such as
-- one that catches the error and goes on, ends this process; the next command recovers the container.
function time_limit.call(seconds, f, ...)
  local exit = os.exit
  os.exit = no_exit
  tiny.set_time_limit(seconds)
  local results = table.pack(tiny.try(f, ...))
  tiny.set_time_limit(0)
  os.exit = exit
  return table.unpack(results, 1, results.n)
end

return time_limit
