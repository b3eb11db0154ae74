-- What containers were denied, read from their events: for `network watch`, `explain` and `inspect`.
local denials = {}

denials.HEADER = { "TIME", "PROCESS", "NAME", "ADDRESS", "REASON" }

-- Address, port and protocol: "198.51.100.7:443/tcp".
local function target(found)
  local addr = found.addr and found.addr:find(":", 1, true) and found.port and ("[%s]"):format(found.addr) or found.addr
  if not addr then return "-" end
  return ("%s%s%s"):format(addr, found.port and ":" .. found.port or "", found.protocol and "/" .. found.protocol or "")
end

local function process(found)
  local program = found.program and (found.program:match("([^/]+)$") or found.program)
  if not program then return found.pid and ("pid %d"):format(found.pid) or "-" end
  return found.pid and ("%s (%d)"):format(program, found.pid) or program
end

-- The cells of an event. The time is of the day, in UTC.
function denials.row(event)
  local found = event.attributes or {}
  local more = found.suppressed and (" (%d more)"):format(found.suppressed) or ""
  return { event.time:match("T([%d:]+)") or event.time, process(found), found.name or "-", target(found), (found.reason or "-") .. more }
end

-- Whether an event is a denial of this container.
function denials.is(event, container)
  return event.event == "deny" and event.id == container.id
end

-- The last denials of a container, the oldest first, as the attributes of their events with `time`.
function denials.recent(container, most)
  local list = {}
  require "tiny.store.event_reader"({ since = 0 }, function(event)
    if not denials.is(event, container) then return end
    local found = event.attributes or {}
    found.time = event.time
    table.insert(list, found)
    if #list > most then table.remove(list, 1) end
  end)
  return list
end

return denials
