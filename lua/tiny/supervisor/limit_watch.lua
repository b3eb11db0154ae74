-- A container without a memory limit to which `update` gives one while it runs: from then on its supervisor
-- watches for kills. That another process replaced config.json is what tells.
local format = require "tiny.format"
local limits = require "tiny.pipeline.limits"
local state = require "tiny.store.state"

-- Whether there is a limit now; then begins to watch.
local function begin(ctx, loop, handles, call)
  local now = state.load(ctx.id)
  local memory = now and not now.damage and now.config.limits and now.config.limits.memory
  if not memory then return false end
  ctx.spec.memory = memory
  -- On v1 the group has a folder for memory only since then.
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
    -- The file that was watched is gone.
    try_await(ctx, loop, handles, call)
  end)
  -- After the watch: what was changed before it is seen here.
  if begin(ctx, loop, handles, call) then stop() end
end

-- A container goes on unwatched.
function try_await(ctx, ...)
  local _, err = tiny.try(await, ctx, ...)
  -- It is just being removed.
  if err and err.code ~= "ENOENT" then format.note("%s: a memory limit that it gets is not watched: %s", ctx.name, tostring(err)) end
end

-- Takes part in a supervisor's loop; the handles are closed with it. call(name, …) calls the recipe back.
return try_await
