-- The file that is told a new container's id, for scripts.
local cidfile = {}

local function wrong(message, hint)
  tiny.fail { message = "--cidfile " .. message, hint = hint, exit = 125 }
end

-- Told before anything is made.
function cidfile.check(path)
  if path == "" then wrong("has an empty name") end
  if tiny.stat(path, { follow = false }) then wrong(path .. " is there already", "it may belong to a container: remove it, or choose another name") end
  local folder = path:match("^(.*)/[^/]*$") or "."
  local above = tiny.stat(folder == "" and "/" or folder)
  if not above or above.kind ~= "dir" then wrong(("%s: there is no folder %s"):format(path, folder)) end
end

-- Writes it; when that fails nothing is left of the container.
function cidfile.write(path, record)
  local _, err = tiny.try(tiny.write_file, path, record.id, { exclusive = true })
  if not err then return end
  require("tiny.supervisor.cleanup").forget(record)
  wrong(("%s cannot be written: %s"):format(path, tostring(err)))
end

-- Removes it again when it is still this container's.
function cidfile.remove(path, record)
  if tiny.read_file(path) == record.id then tiny.try(tiny.remove, path) end
end

return cidfile
