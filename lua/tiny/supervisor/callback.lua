-- Calls the recipe's callbacks from a supervisor, which continues whatever a callback does.
local format = require "tiny.format"
local time_limit = require "tiny.base.time_limit"

-- In the background, the size of the log is checked once per this many callbacks.
local EACH = 64

-- Seconds that the callbacks of an end may take: by then it is recorded.
local LAST = { on_exit = 60, on_oom = 60 }

-- Calls a callback of the recipe. An error is reported and changes nothing else.
return function(ctx, name, ...)
  local f = ctx.spec[name]
  if not f then return end
  -- Its results are ignored; a second one would look like an error.
  local _, err = time_limit.call(LAST[name] or time_limit.USUAL, function(...) f(ctx, ...) end, ...)
  if err then format.note("%s: %s: %s", ctx.name, name, tostring(err)) end
  -- In the background, its output goes to a file, which is otherwise written only when a buffer is full.
  format.flush()
  ctx.calls = (ctx.calls or 0) + 1
  if ctx.record.remarks and ctx.calls % EACH == 0 then require("tiny.supervisor.supervisor_log").trim(ctx.record) end
end
