-- Groups the events of a trace by process, and formats their times.
local events = {}

-- Calls that mostly wait for another process: their time is not work.
events.WAITING = {}
for _, primitive in ipairs(tiny.primitives()) do events.WAITING[primitive.name] = primitive.waits or nil end

-- The processes of a trace in the order of their first call: lists of calls sorted by start, each with name, pid, side, id,
-- parent, first and last (points in time), wall, cpu and waited (durations), all in microseconds.
function events.lanes(list)
  local lanes, by_id = {}, {}
  table.sort(list, function(a, b) return a.start < b.start end)
  for _, event in ipairs(list) do
    local lane = by_id[event.lane]
    if not lane then
      lane = { id = event.lane, pid = event.pid, side = event.side, parent = event.parent, first = event.start, last = 0, wall = 0, cpu = 0, waited = 0 }
      by_id[event.lane] = lane
      table.insert(lanes, lane)
    end
    -- A fork that enters the container changes its process's side before its first call.
    lane.side, lane.name = event.side, ("%s %d"):format(event.side, event.pid)
    table.insert(lane, event)
    lane.last = math.max(lane.last, event.start + event.us)
    lane.wall, lane.cpu = lane.wall + event.us, lane.cpu + event.cpu_us
    if events.WAITING[event.op] then lane.waited = lane.waited + event.us end
  end
  return lanes
end

-- A duration in the most readable unit.
function events.time(us)
  if us < 1000 then return ("%.1f µs"):format(us) end
  if us < 1e6 then return ("%.2f ms"):format(us / 1000) end
  return ("%.2f s"):format(us / 1e6)
end

return events
