-- Copies shipped files for a user to edit. An existing file is never overwritten unless requested.
local template_files = {}

local READABLE = tonumber("644", 8)

-- The directory on the search path for copies: the user's, or the one for all users.
function template_files.folder(system)
  local dir = system and "/etc/tinylua" or tiny.config_dir()
  local user = dir and not system and require("tiny.base.output_file").stranger(dir .. "/scripts")
  if user then
    tiny.fail { message = ("%s belongs to user %d, so files in it are not run as your user"):format(dir, user), hint = "use sudo -H for your own directory; --system writes to /etc/tinylua", exit = 125 }
  end
  if dir then return dir end
  tiny.fail { message = "no directory for the copy: neither XDG_CONFIG_HOME nor HOME is set", hint = "--system writes to /etc/tinylua" }
end

-- Writes a file and its parent directories. hint: what to do if it already exists.
function template_files.write(path, text, options)
  local folder = path:match("^(.+)/")
  if folder then tiny.mkdir(folder, { parents = true }) end
  local _, err = tiny.try(tiny.write_file, path, text, { mode = READABLE, exclusive = not options.force })
  if not err then return end
  if err.code ~= "EEXIST" then error(err, 0) end
  tiny.fail { message = path .. " already exists", hint = options.hint }
end

-- The Lua files below a directory, as relative paths.
local function files(folder, below, found)
  for _, name in ipairs(tiny.list_dir(folder .. "/" .. below) or {}) do
    local path = below .. "/" .. name
    local kind = (tiny.stat(folder .. "/" .. path) or {}).kind
    if kind == "dir" then files(folder, path, found) end
    if kind == "file" and name:match("%.lua$") then table.insert(found, path) end
  end
  return found
end

-- The name that a user types: "network create", "tiny.net.bridge".
local function name_of(file)
  local command = file:match("^scripts/(.*)%.lua$")
  return command and command:gsub("/", " ") or (file:match("^lua/(.*)%.lua$"):gsub("/", "."))
end

-- The files on the search path, in the user's directory and in the one for all users: { name, path, text, shipped, covered }.
-- `shipped` is the text in the binary, nil for a user's own file; `covered` means that another one takes precedence.
function template_files.all()
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

return template_files
