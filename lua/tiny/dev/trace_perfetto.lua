-- Writes a trace in the trace event format, which ui.perfetto.dev, chrome://tracing and speedscope read: a track for each
-- process, complete events with wall and CPU time, and an arrow from each fork to its child.
local trace_events = require "tiny.dev.trace_events"

return function(events)
  local list = {}
  local function add(event) table.insert(list, event) end
  local lanes, number = trace_events.lanes(events), {}
  for i, lane in ipairs(lanes) do
    number[lane.id] = i
    add { ph = "M", name = "process_name", pid = i, tid = i, args = { name = lane.name } }
    add { ph = "M", name = "thread_name", pid = i, tid = i, args = { name = lane.side } }
    add { ph = "M", name = "process_sort_index", pid = i, tid = i, args = { sort_index = i } }
  end
  for i, lane in ipairs(lanes) do
    for _, event in ipairs(lane) do
      add {
        ph = "X", name = event.op, cat = trace_events.WAITING[event.op] and "wait" or "call", pid = i, tid = i, ts = event.start, dur = event.us, tdur = event.cpu_us,
        args = { args = event.args, result = event.result, at = event.at, failed = event.failed or nil },
      }
    end
    local parent = lane.parent and number[lane.parent]
    local fork
    for _, event in ipairs(parent and lanes[parent] or {}) do
      -- The parent's last clone or fork that started before this process's first call.
      if (event.op == "clone" or event.op == "fork") and event.start <= lane.first then fork = event end
    end
    if fork then
      add { ph = "s", id = i, name = "fork", cat = "fork", pid = parent, tid = parent, ts = fork.start }
      add { ph = "f", bp = "e", id = i, name = "fork", cat = "fork", pid = i, tid = i, ts = lane.first }
    end
  end
  return tiny.json_encode({ displayTimeUnit = "ms", traceEvents = list, otherData = { program = "tinylua " .. tiny.settings.version } }) .. "\n"
end
