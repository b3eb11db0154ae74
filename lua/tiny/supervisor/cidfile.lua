-- The file that gets a new container's id, for scripts (--cidfile).
local cidfile = {}

local function wrong(message, hint)
  tiny.fail { message = "--cidfile " .. message, hint = hint, exit = 125 }
end

-- Checks the file's path before anything is created.
function cidfile.check(path)
  if path == "" then wrong("has an empty name") end
  if tiny.stat(path, { follow = false }) then wrong(path .. " already exists", "it may belong to a container: remove it, or choose another name") end
  local folder = path:match("^(.*)/[^/]*$") or "."
  local above = tiny.stat(folder == "" and "/" or folder)
  if not above or above.kind ~= "dir" then wrong(("%s: there is no directory %s"):format(path, folder)) end
end

-- Writes the id; on failure removes the container.
function cidfile.write(path, record)
  local _, err = tiny.try(tiny.write_file, path, record.id, { exclusive = true })
  if not err then return end
  require("tiny.supervisor.cleanup").forget(record)
  wrong(("%s cannot be written: %s"):format(path, tostring(err)))
end

-- Removes the file if it still has this container's id.
function cidfile.remove(path, record)
  if tiny.read_file(path) == record.id then tiny.try(tiny.remove, path) end
end

return cidfile
