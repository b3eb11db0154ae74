-- Summarizes the time of a traced command by process and by primitive. The CPU time is that of primitives; Lua's own work is
-- between them.
local trace_events = require "tiny.dev.trace_events"

-- The number of primitives that are listed; the others are summed up in one line.
local MOST = 8

-- Sums by primitive, largest first.
local function by_op(events)
  local list, named = {}, {}
  for _, event in ipairs(events) do
    local sum = named[event.op]
    if not sum then
      sum = { op = event.op, calls = 0, wall = 0, cpu = 0, waits = trace_events.WAITING[event.op] }
      named[event.op] = sum
      table.insert(list, sum)
    end
    sum.calls, sum.wall, sum.cpu = sum.calls + 1, sum.wall + event.us, sum.cpu + event.cpu_us
  end
  table.sort(list, function(a, b) return a.wall > b.wall or (a.wall == b.wall and a.op < b.op) end)
  for i = MOST + 1, #list do
    local rest = list[MOST + 1]
    if i > MOST + 1 then rest.calls, rest.wall, rest.cpu, list[i] = rest.calls + list[i].calls, rest.wall + list[i].wall, rest.cpu + list[i].cpu, nil end
    rest.op, rest.waits = "others", nil
  end
  return list
end

-- A time right-aligned in ten columns; the unit µ is two bytes.
local function column(us)
  local text = trace_events.time(us)
  return (" "):rep(10 - utf8.len(text)) .. text
end

return function(events, elapsed)
  local lines = { ("where %s went:"):format(trace_events.time(elapsed)) }
  local function add(...) table.insert(lines, (...):format(select(2, ...))) end
  for _, lane in ipairs(trace_events.lanes(events)) do
    local waited = lane.waited > 0 and (", of which %s waiting"):format(trace_events.time(lane.waited)) or ""
    add("  %-24s %5d calls  %s wall  %s CPU%s", lane.name, #lane, column(lane.wall), column(lane.cpu), waited)
  end
  table.insert(lines, "")
  for _, sum in ipairs(by_op(events)) do
    add("  %-24s %5d calls  %s wall  %s CPU  %3.0f %%%s", sum.op, sum.calls, column(sum.wall), column(sum.cpu), sum.wall / math.max(elapsed, 1) * 100,
      sum.waits and "  waits" or "")
  end
  return table.concat(lines, "\n") .. "\n"
end
