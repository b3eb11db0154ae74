-- The kernel's events about a container's memory: OOM kills, and pressure, the time in which its processes wait for memory.
local events = require "tiny.store.events"
local pressure = require "tiny.pipeline.pressure"
local state = require "tiny.store.state"

local memory_events = {}

-- Reports kills that have not been reported yet.
function memory_events.told(ctx, kills)
  local new = kills > (ctx.oom_told or 0)
  if not new then return false end
  ctx.oom_told = kills
  events.emit(ctx.record, "oom", { kills = kills })
  return true
end

-- Calls the recipe's on_oom(kills) whenever the kernel has killed processes of the container; kills: the total so far. Returns
-- the handle.
function memory_events.watch_kills(ctx, loop, call)
  local v1 = ctx.cgroup.folders.memory
  local news = tiny.cgroup_notice(ctx.cgroup, v1 and "memory.oom_control" or "memory.events")
  ctx.oom_told = ctx.recovered and ctx.record.state.oom_kills or 0
  local function look(patience)
    local kills = tonumber((news:read() or ""):match("oom_kill (%d+)")) or 0
    if memory_events.told(ctx, kills) then
      tiny.try(state.update, ctx.record, function(s) s.oom_kills = kills end)
      call("on_oom", kills)
    elseif v1 and patience < 1 then
      -- v1 notifies before the kernel kills; the count follows.
      loop:after(patience, function() look(patience * 2) end)
    end
  end
  loop:on(news, function() look(0.01) end)
  -- Events from before the watch.
  look(1)
  return news
end

-- The values of a pressure file by name, "some_avg10", "some_total" (microseconds) and so on.
local function figures(text)
  local found = {}
  for kind, line in text:gmatch("(%a+) ([^\n]+)") do
    for name, value in line:gmatch("(%w+)=([%d.]+)") do found[kind .. "_" .. name] = tonumber(value) end
  end
  return found
end

-- Calls on_pressure(figures) when processes wait for memory longer than the threshold.
local function watch_pressure(ctx, loop, on_pressure)
  local psi = pressure.meter() == "psi"
  local trigger = psi and ("some %d %d"):format(ctx.spec.pressure * 1000000 // 1, pressure.WINDOW * 1000000) or "medium"
  local news = tiny.cgroup_notice(ctx.cgroup, psi and "memory.pressure" or "memory.pressure_level", { trigger = trigger })
  loop:on(news, function()
    local text = news:read()
    if text then on_pressure(psi and figures(text) or { level = trigger }) end
  end)
  return news
end

-- Watches the events that the spec requires; returns the handles. call(name, …) calls the recipe's callbacks.
function memory_events.watch(ctx, loop, call)
  local handles = {}
  if ctx.spec.memory then table.insert(handles, memory_events.watch_kills(ctx, loop, call)) end
  if ctx.spec.on_pressure then
    table.insert(handles, watch_pressure(ctx, loop, function(found) call("on_pressure", found) end))
  end
  return handles
end

return memory_events
