-- Calls the recipe's callbacks from a supervisor, which continues whatever a callback does.
local format = require "tiny.format"

-- In the background, the size of the log is checked once per this many callbacks.
local EACH = 64

local function no_exit()
  tiny.fail { message = "os.exit would end the supervisor: refused", hint = "return from the callback; tiny.kill(ctx.process) ends the container" }
end

-- Calls a callback of the recipe. An error is reported and changes nothing else.
return function(ctx, name, ...)
  local f = ctx.spec[name]
  if not f then return end
  local exit = os.exit
  os.exit = no_exit
  -- Its results are ignored; a second one would look like an error.
  local _, err = tiny.try(function(...) f(ctx, ...) end, ...)
  os.exit = exit
  if err then format.note("%s: %s: %s", ctx.name, name, tostring(err)) end
  -- In the background, its output goes to a file, which is otherwise written only when a buffer is full.
  format.flush()
  ctx.calls = (ctx.calls or 0) + 1
  if ctx.record.remarks and ctx.calls % EACH == 0 then require("tiny.supervisor.supervisor_log").trim(ctx.record) end
end
