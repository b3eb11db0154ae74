-- Handles a running container that gets its first memory limit from `update`: from then on, its supervisor watches for OOM
-- kills. It notices the update because another process replaces config.json.
local format = require "tiny.format"
local limits = require "tiny.pipeline.limits"
local state = require "tiny.store.state"

-- Starts to watch if there is a limit now; returns whether there is.
local function begin(ctx, loop, handles, call)
  local now = state.load(ctx.id)
  local memory = now and not now.damage and now.config.limits and now.config.limits.memory
  if not memory then return false end
  ctx.spec.memory = memory
  -- On cgroup v1, the memory folder exists only since the update.
  ctx.cgroup = limits.reopen(ctx) or ctx.cgroup
  handles.limit = require("tiny.supervisor.memory_events").watch_kills(ctx, loop, call)
  return true
end

local try_await

local function await(ctx, loop, handles, call)
  local watch = tiny.watch { ctx.dir .. "/config.json" }
  handles.config = watch
  local function stop()
    loop:off(watch)
    watch:close()
    handles.config = nil
  end
  loop:on(watch, function()
    stop()
    -- The watched file no longer exists.
    try_await(ctx, loop, handles, call)
  end)
  -- Check after the watch is set up, so that an earlier change is not missed.
  if begin(ctx, loop, handles, call) then stop() end
end

-- If the watch fails, the container keeps running.
function try_await(ctx, ...)
  local _, err = tiny.try(await, ctx, ...)
  -- ENOENT: it is being removed.
  if err and err.code ~= "ENOENT" then format.note("%s: a later memory limit will not be watched for OOM kills: %s", ctx.name, tostring(err)) end
end

-- Joins a supervisor's loop; the handles are closed with it. call(name, …) calls the recipe's callbacks.
return try_await
