-- Reading the events of tiny.store.events: those on file, and the next ones as they come.
local events = require "tiny.store.events"
local format = require "tiny.format"

-- The event in a line. One that a full disk cut short stands before the next one, in the same line.
local function parse(line)
  local start = 1
  while start do
    local entry = tiny.json_decode(line:sub(start))
    if type(entry) == "table" and entry.event and entry.time then return entry end
    start = line:find('{"', start + 1, true)
  end
  return nil
end

-- Opens a file and tells which it is; nil when it is not there.
local function open(path)
  while true do
    local before = tiny.stat(path)
    if not before then return nil end
    local file, err = tiny.try(tiny.open, path)
    if err and err.code ~= "ENOENT" then error(err, 0) end
    local after = tiny.stat(path)
    -- It was not renamed meanwhile.
    if file and after and after.ino == before.ino then return file, before.ino end
    if file then file:close() end
  end
end

-- The events in the whole lines that a reader's file has got since the last time.
local function take(reader, list)
  for chunk in function() return reader.file:read("1m") end do
    reader.rest = reader.rest .. chunk
    local done = 1
    for stop in function() return (reader.rest:find("\n", done, true)) end do
      table.insert(list, parse(reader.rest:sub(done, stop - 1)))
      done = stop + 1
    end
    reader.rest = reader.rest:sub(done)
  end
end

-- Opens what is new of the two files; returns the inodes of both.
local function look(readers)
  local _, current, previous = events.files()
  local there = {}
  for _, path in ipairs { previous, current } do
    local now = tiny.stat(path)
    local known = not now
    for _, reader in ipairs(readers) do known = known or reader.ino == now.ino end
    if not known then
      local file, ino = open(path)
      if file then table.insert(readers, { file = file, ino = ino, rest = "" }) end
    end
    if now then there[now.ino] = true end
  end
  return there
end

-- A reader of all files: call it for the events since the last time.
local function new_reader()
  local readers = {}
  return function()
    local list, there = {}, look(readers)
    for _, reader in ipairs(readers) do take(reader, list) end
    for i = #readers, 1, -1 do
      -- Nobody writes to a file that was neither of the two already the last time.
      if readers[i].gone then table.remove(readers, i).file:close()
      else readers[i].gone = not there[readers[i].ino] end
    end
    return list
  end
end

-- Calls show for what happens from `since` (now) until `before` (for ever). Without `stream`, and when
-- `before` has passed already, for what is on file.
local function follow(options, show)
  local folder = events.files()
  tiny.mkdir(folder, { parents = true, mode = tonumber("700", 8) })
  -- Before the first read, so that nothing falls between the two.
  local watch <close> = tiny.watch { folder }
  local read, first = new_reader(), true
  local stream = options.stream and not (options.before and options.before <= tiny.clock())
  while true do
    local left = options.before and math.max(0, options.before - tiny.clock())
    for _, event in ipairs(read()) do
      local time = tiny.parse_timestamp(event.time) or 0
      local late = options.since and time >= options.since or not options.since and not (first and stream)
      if late and not (options.before and time > options.before) then show(event) end
    end
    format.flush()
    first = false
    if not stream or left == 0 then return end
    tiny.poll({ watch }, left)
    watch:changes()
  end
end

return follow
