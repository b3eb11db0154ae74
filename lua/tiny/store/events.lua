-- The containers' events: a file below the state root, one JSON object per line. Each line is appended with one write(2), so
-- that concurrent processes do not mix their lines. A full file is renamed to the previous one, so there are at most two. An
-- event that cannot be written (a full disk) is lost; the operation that it reports continues.
local state = require "tiny.store.state"

local events = {}

events.NAMES = {
  "apply", "attach", "connect", "create", "deny", "destroy", "detach", "die", "discard", "disconnect", "exec", "exec_die", "health_status", "kill",
  "oom", "output_limit", "pause", "rename", "restart", "start", "stop", "timeout", "tunnel", "unpause", "update",
}

local LARGEST = 1024 * 1024
-- A process checks the file's size before its first event, and then once per this many events.
local EACH = 16
-- The longest attribute that is recorded, such as a command.
local LONGEST = 1024
local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

-- The folder, the current file, and the previous one.
function events.files()
  local folder = state.roots() .. "/events"
  return folder, folder .. "/current.jsonl", folder .. "/previous.jsonl"
end

-- Renames the full file to the previous one, unless another process has done so.
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

-- Rotates a full file, or creates the folder.
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

-- Records an event of a container. attributes: a table of plain values, or nil.
function events.emit(container, event, attributes)
  tiny.try(append, container, event, attributes)
end

return events
