-- Draws a trace as a standalone SVG: a row for each significant call, its bar on a time axis shared by all processes; other
-- calls are grouped in rows between them. Waiting is pale. Colours have enough contrast on white.
local trace_events = require "tiny.dev.trace_events"

local STYLE = [[
text { font: 12px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; fill: #1f2933; }
.mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 11px; } .lane { font-size: 14px; font-weight: 600; }
.soft { fill: #52606d; font-size: 11px; } .axis { stroke: #d5dae0; } .paper { fill: #fff; } .band { fill: #f5f7fa; }
.host { fill: #3e6ea3; } .child { fill: #4f8a2e; } .failed { fill: #c0341d; } .waits { fill-opacity: 0.28; }
]]

local ROW, HEAD, WIDTH, LEFT, RIGHT = 18, 26, 1160, 420, 90
-- A call has its own row if it took this share of the whole time, up to this many rows.
local SHARE, MOST = 0.004, 60

local function escape(text)
  return (require("tiny.format").clean(text):gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

local function cut(text, most)
  return (utf8.len(text) or #text) > most and text:sub(1, utf8.offset(text, most) - 1) .. "…" or text
end

-- The minimum duration of a call with its own row.
local function least(events, elapsed)
  local times = {}
  for i, event in ipairs(events) do times[i] = event.us end
  table.sort(times, function(a, b) return a > b end)
  return math.max(elapsed * SHARE, times[MOST] or 0)
end

-- The rows of a lane: { label, result, from, to, calls, waits, failed }.
local function rows_of(lane, shortest)
  local rows, rest = {}, nil
  for _, event in ipairs(lane) do
    if event.us >= shortest or event.failed or event.op == "exec" then
      rest = nil
      table.insert(rows, { label = ("%s(%s)"):format(event.op, event.args), from = event.start, to = event.start + event.us, time = event.us,
        waits = trace_events.WAITING[event.op], failed = event.failed, title = event.result, at = event.at })
    elseif rest then
      rest.calls, rest.to, rest.time = rest.calls + 1, event.start + event.us, rest.time + event.us
      rest.names[#rest.names + 1] = event.op
    else
      rest = { label = ("%s(%s)"):format(event.op, event.args), calls = 1, from = event.start, to = event.start + event.us, time = event.us, names = { event.op } }
      table.insert(rows, rest)
    end
  end
  return rows
end

-- The label of a row for several calls: each name once.
local function label_of(row)
  if not row.calls or row.calls == 1 then return row.label end
  local seen, list = {}, {}
  for _, name in ipairs(row.names) do
    if not seen[name] then table.insert(list, name) end
    seen[name] = true
  end
  return ("%d short calls: %s"):format(row.calls, table.concat(list, ", "))
end

-- A step of the axis that gives four to ten marks.
local function step_of(elapsed)
  local step = 10 ^ math.floor(math.log(elapsed, 10))
  if elapsed / step < 2 then return step / 5 elseif elapsed / step < 5 then return step / 2 end
  return step
end

return function(events, elapsed)
  local out, bands, lanes = {}, {}, trace_events.lanes(events)
  for _, lane in ipairs(lanes) do elapsed = math.max(elapsed, lane.last) end
  elapsed = math.max(elapsed, 1)
  local shortest, y = least(events, elapsed), 64
  local function add(...) table.insert(out, (...):format(select(2, ...))) end
  local function x(us) return LEFT + us / elapsed * (WIDTH - LEFT - RIGHT) end
  for i, lane in ipairs(lanes) do
    local top, rows = y, rows_of(lane, shortest)
    if i % 2 == 1 then table.insert(bands, ('<rect class="band" x="0" y="%d" width="%d" height="%d"/>'):format(top, WIDTH, HEAD + #rows * ROW + 8)) end
    add('<text class="lane" x="12" y="%d">%s</text>', top + 18, escape(lane.name))
    add('<text class="soft" x="%d" y="%d">%d calls, %s, %s of CPU%s</text>', 110, top + 18, #lane, trace_events.time(lane.wall), trace_events.time(lane.cpu),
      lane.waited > 0 and ", waits " .. trace_events.time(lane.waited) or "")
    y = top + HEAD
    for _, row in ipairs(rows) do
      local class = (row.failed and "failed" or lane.side) .. (row.waits and " waits" or "") .. (row.calls and " waits" or "")
      add('<g><title>%s</title>', escape(("%s%s%s"):format(label_of(row), row.title and row.title ~= "" and " = " .. row.title or "", row.at and "  " .. row.at or "")))
      add('<text class="mono%s" x="12" y="%d">%s</text>', row.calls and " soft" or "", y + 12, escape(cut(label_of(row), 58)))
      local width = math.max(x(row.to) - x(row.from), 1.5)
      add('<rect class="%s" x="%.1f" y="%d" width="%.1f" height="11" rx="1.5"/>', class, x(row.from), y + 3, width)
      add('<text class="soft" x="%.1f" y="%d">%s</text></g>', math.min(x(row.from) + width + 5, WIDTH - 70), y + 12, trace_events.time(row.time))
      y = y + ROW
    end
    y = y + 12
  end
  local marks = {}
  local step = step_of(elapsed)
  for at = 0, elapsed, step do
    table.insert(marks, ('<path class="axis" d="M%.1f 46 V%d"/><text class="soft" x="%.1f" y="40">%s</text>'):format(x(at), y, x(at) + 2, at == 0 and "0" or trace_events.time(at)))
  end
  local head = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">'):format(WIDTH, y + 8, WIDTH, y + 8)
  local title = ("%d calls in %d processes, %s"):format(#events, #lanes, trace_events.time(elapsed))
  return table.concat({ head, "<title>" .. title .. "</title>", "<style>" .. STYLE .. "</style>", '<rect class="paper" x="0" y="0" width="100%" height="100%"/>',
    ('<text class="lane" x="12" y="22">%s</text><text class="soft" x="12" y="40">pale bars are waits or groups of calls; red bars failed</text>'):format(title), table.concat(bands, "\n"), table.concat(marks, "\n"),
    table.concat(out, "\n"), "</svg>\n" }, "\n")
end
