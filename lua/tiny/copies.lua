-- Copies of what ships, for a user to edit: where they go, and how they are written. What is there already
-- is never overwritten unless somebody asks for it.
local copies = {}

local READABLE = tonumber("644", 8)

-- The folder on the search path that copies go to: the user's, or that of all users.
function copies.folder(system)
  local dir = system and "/etc/tinylua" or tiny.config_dir()
  if dir then return dir end
  tiny.fail { message = "there is no folder for the copy: neither XDG_CONFIG_HOME nor HOME is set", hint = "--system writes to /etc/tinylua" }
end

-- Writes a file with the folders above it. hint: what to do when it is there already.
function copies.write(path, text, options)
  local folder = path:match("^(.+)/")
  if folder then tiny.mkdir(folder, { parents = true }) end
  local _, err = tiny.try(tiny.write_file, path, text, { mode = READABLE, exclusive = not options.force })
  if not err then return end
  if err.code ~= "EEXIST" then error(err, 0) end
  tiny.fail { message = path .. " is there already", hint = options.hint }
end

return copies
