-- What happened to containers, for whoever follows: a file below the state root, one JSON object a
-- line. A line is one append, so that the lines of several processes stay whole. A full file becomes
-- the previous one, so that there are never more than two. An event that cannot be written (a full
-- disk) is lost; what it tells of goes on.
local state = require "tiny.store.state"

local events = {}

events.NAMES = {
  "attach", "connect", "create", "destroy", "detach", "die", "disconnect", "exec", "exec_die", "health_status", "kill", "oom", "pause", "rename",
  "restart", "start", "stop", "unpause", "update",
}

local LARGEST = 1024 * 1024
-- A process looks at the file's size the first time, and then each so many events.
local EACH = 16
-- Of a command only this much is told.
local LONGEST = 1024
local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

-- The folder, the file that is written, and the one before it.
function events.files()
  local folder = state.roots() .. "/events"
  return folder, folder .. "/current.jsonl", folder .. "/previous.jsonl"
end

-- Makes the full file the previous one, unless somebody else has done so.
local function rotate(folder, current, previous)
  local lock <close> = tiny.flock(folder .. "/lock", { timeout = 1 })
  if not lock then return end
  local now = tiny.stat(current)
  if now and now.size >= LARGEST then tiny.rename(current, previous) end
end

local function told(value)
  if type(value) ~= "string" then return value end
  if #value > LONGEST then value = value:sub(1, LONGEST) .. "…" end
  return utf8.len(value) and value or tiny.show(value)
end

local count = 0

-- Makes room, or the folder.
local function ready(folder, current, previous)
  local file = tiny.stat(current)
  if not file then return tiny.mkdir(folder, { parents = true, mode = PRIVATE }) end
  if file.size >= LARGEST then rotate(folder, current, previous) end
end

local function append(container, event, attributes)
  local folder, current, previous = events.files()
  local entry = { type = "container", event = event, id = container.id, name = container.config.name, time = tiny.timestamp() }
  for key, value in pairs(attributes or {}) do
    entry.attributes = entry.attributes or {}
    entry.attributes[key] = told(value)
  end
  if count % EACH == 0 then ready(folder, current, previous) end
  count = count + 1
  tiny.append_file(current, tiny.json_encode(entry) .. "\n", { mode = PRIVATE_FILE })
end

-- Tells that something happened to a container. attributes: a table of plain values, or nil.
function events.emit(container, event, attributes)
  tiny.try(append, container, event, attributes)
end

return events
