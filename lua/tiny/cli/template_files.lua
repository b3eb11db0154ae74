-- Copies of what ships, for a user to edit: where they go, and how they are written. What is there already
-- is never overwritten unless somebody asks for it.
local copies = {}

local READABLE = tonumber("644", 8)

-- The folder on the search path that copies go to: the user's, or that of all users.
function copies.folder(system)
  local dir = system and "/etc/tinylua" or tiny.config_dir()
  local user = dir and not system and require("tiny.base.output_file").stranger(dir .. "/scripts")
  if user then
    tiny.fail { message = ("%s is user %d's: what lies there is not run as you"):format(dir, user), hint = "sudo -H goes by your own folder; --system writes to /etc/tinylua", exit = 125 }
  end
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

-- The Lua files below a folder, as paths in it.
local function files(folder, below, found)
  for _, name in ipairs(tiny.list_dir(folder .. "/" .. below) or {}) do
    local path = below .. "/" .. name
    local kind = (tiny.stat(folder .. "/" .. path) or {}).kind
    if kind == "dir" then files(folder, path, found) end
    if kind == "file" and name:match("%.lua$") then table.insert(found, path) end
  end
  return found
end

-- As a user writes it: "network create", "tiny.net.bridge".
local function name_of(file)
  local command = file:match("^scripts/(.*)%.lua$")
  return command and command:gsub("/", " ") or (file:match("^lua/(.*)%.lua$"):gsub("/", "."))
end

-- What is on the search path in the user's folder and in that of all users: { name, path, text, shipped, covered }.
-- `shipped` is the text in the binary, nil for what is a user's own; a covered one has another before it.
function copies.all()
  local all, seen = {}, {}
  for _, folder in ipairs { tiny.config_dir() or "/etc/tinylua", "/etc/tinylua" } do
    for _, file in ipairs(seen[folder] and {} or files(folder, "lua", files(folder, "scripts", {}))) do
      local path = folder .. "/" .. file
      table.insert(all, {
        name = name_of(file), path = path, text = tiny.read_file(path), shipped = tiny.source(file, { shipped = true }), covered = seen[file],
      })
      seen[file] = true
    end
    seen[folder] = true
  end
  return all
end

return copies
