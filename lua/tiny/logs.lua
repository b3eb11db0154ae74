-- Reading a container's log: from the file, and on as it grows.
local format = require "tiny.format"

local logs = {}

-- The bytes of an entry. A raw entry holds each byte as the character of that number.
local function bytes(entry)
  local text = entry.text or ""
  if not entry.raw then return text end
  local out = {}
  for _, code in utf8.codes(text) do table.insert(out, string.char(code & 255)) end
  return table.concat(out)
end

-- Prints an entry on the stream it came from.
function logs.print(entry, timestamps)
  local time = timestamps and (entry.time or "?") .. " " or ""
  format.output(entry.stream, time .. bytes(entry) .. (entry.partial and "" or "\n"))
end

-- A reader of whole lines: call it for the entries that are there now.
function logs.reader(path)
  local file, rest = tiny.open(path), ""
  return function()
    local entries = {}
    for chunk in function() return file:read("1m") end do
      rest = rest .. chunk
      local done = 1
      -- Not a pattern: one that fails on the last, unfinished line tries each of its bytes anew.
      for stop in function() return (rest:find("\n", done, true)) end do
        local entry = tiny.json_decode(rest:sub(done, stop - 1))
        if type(entry) == "table" then table.insert(entries, entry) end
        done = stop + 1
      end
      rest = rest:sub(done)
    end
    return entries
  end
end

-- Where the last `count` lines begin among entries. A long line has several, all partial but the last.
function logs.tail(entries, count)
  local first, open = #entries + 1, {}
  for i = #entries, 1, -1 do
    local entry = entries[i]
    -- An entry that goes on in a later one of its stream belongs to the line counted there.
    if not (entry.partial and open[entry.stream]) then
      if count == 0 then break end
      count = count - 1
    end
    first, open[entry.stream] = i, true
  end
  return first
end

-- Calls print for what is added, until the container has ended and everything is told.
function logs.follow(container, read, show)
  local state = require "tiny.state"
  local watch <close> = tiny.watch { container.dir .. "/container.log", container.dir }
  while true do
    -- The end is looked for before the last read: what was written before it is then in the file.
    local current = state.load(container.id)
    for _, entry in ipairs(read()) do show(entry) end
    format.flush()
    if not current or (current.state.status ~= "running" and current.state.status ~= "created") then return end
    tiny.poll { watch }
    watch:changes()
  end
end

-- Shows what a container writes from now on, until it has ended; returns its status. ready() is called
-- when nothing written from then on is missed; what it returns is closed at the end.
function logs.attach(container, ready)
  local path = container.dir .. "/container.log"
  local read = logs.reader(path)
  read()
  local _ <close> = ready and ready() or nil
  logs.follow(container, read, logs.print)
  local ended = require "tiny.finished"(container)
  return ended and ended.state.exit_code or 0
end

return logs
