-- Reads the events of tiny.store.events: the recorded ones, and new ones as they arrive.
local events = require "tiny.store.events"
local format = require "tiny.format"

-- The event in a line. An event that a full disk cut short precedes the next one in the same line.
local function parse(line)
  local start = 1
  while start do
    local entry = tiny.json_decode(line:sub(start))
    if type(entry) == "table" and entry.event and entry.time then return entry end
    start = line:find('{"', start + 1, true)
  end
  return nil
end

-- Opens a file; returns it and its inode, or nil if it does not exist.
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

-- The events in the complete lines that were added to a reader's file since the last call.
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

-- Opens those of the two files that are new; returns the inodes of both.
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

-- A reader of all files: each call returns the events since the previous call.
local function new_reader()
  local readers = {}
  return function()
    local list, there = {}, look(readers)
    for _, reader in ipairs(readers) do take(reader, list) end
    for i = #readers, 1, -1 do
      -- No process writes to a file that was already neither of the two at the previous call.
      if readers[i].gone then table.remove(readers, i).file:close()
      else readers[i].gone = not there[readers[i].ino] end
    end
    return list
  end
end

-- Calls show for events from `since` (default: now) until `before` (default: forever), or until it returns true. Shows only
-- recorded events without `stream`, or if `before` has already passed.
local function follow(options, show)
  local folder = events.files()
  tiny.mkdir(folder, { parents = true, mode = tonumber("700", 8) })
  -- Before the first read, so that no event is missed in between.
  local watch <close> = tiny.watch { folder }
  local read, first, ended = new_reader(), true, false
  local stream = options.stream and not (options.before and options.before <= tiny.clock())
  while true do
    local left = options.before and math.max(0, options.before - tiny.clock())
    for _, event in ipairs(read()) do
      local time = tiny.parse_timestamp(event.time) or 0
      local late = options.since and time >= options.since or not options.since and not (first and stream)
      if late and not (options.before and time > options.before) then ended = show(event) == true or ended end
    end
    format.flush()
    if ended then return end
    first = false
    if not stream or left == 0 then return end
    tiny.poll({ watch }, left)
    watch:changes()
  end
end

return follow
