-- Calling the recipe back from a supervisor: whatever a callback does, the supervisor goes on.
local format = require "tiny.format"

-- In the background, how many callbacks lie between two looks at the size of what they printed.
local EACH = 64

local function no_exit()
  tiny.fail { message = "os.exit would end the supervisor: refused", hint = "return from the callback; tiny.kill(ctx.process) ends the container" }
end

-- A callback of the recipe: what it throws is told and changes nothing else.
return function(ctx, name, ...)
  local f = ctx.spec[name]
  if not f then return end
  local exit = os.exit
  os.exit = no_exit
  -- What it returns is of no interest; a second result would look like an error.
  local _, err = tiny.try(function(...) f(ctx, ...) end, ...)
  os.exit = exit
  if err then format.note("%s: %s: %s", ctx.name, name, tostring(err)) end
  -- In the background what it printed goes to a file, which would be written when a buffer is full.
  format.flush()
  ctx.calls = (ctx.calls or 0) + 1
  if ctx.record.remarks and ctx.calls % EACH == 0 then require("tiny.supervisor.supervisor_log").trim(ctx.record) end
end
