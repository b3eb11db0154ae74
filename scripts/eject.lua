-- eject: copies what ships in the binary to where it can be edited; the copy then wins.
local format = require "tiny.format"
local manual = require "tiny.manual"

local READABLE = tonumber("644", 8)

-- Where a copy goes: a recipe to the working folder, the rest in the layout of the search path.
local function target(found, system)
  if found.topic == "recipes" then return found.name end
  local dir = system and "/etc/tinylua" or tiny.config_dir()
  if not dir then
    tiny.fail { message = "there is no folder for the copy: neither XDG_CONFIG_HOME nor HOME is set", hint = "--system copies to /etc/tinylua" }
  end
  return dir .. "/" .. found.file
end

-- The file of this name that ships, and its text.
local function find(name)
  for _, found in ipairs(manual.find(name)) do
    local text = tiny.source(found.file, { shipped = true })
    if text then return found, text end
  end
  manual.unknown(name)
end

local function write(path, text, force)
  local folder = path:match("^(.*)/")
  if folder then tiny.mkdir(folder, { parents = true }) end
  local _, err = tiny.try(tiny.write_file, path, text, { mode = READABLE, exclusive = not force })
  if not err then return end
  if err.code ~= "EEXIST" then error(err, 0) end
  tiny.fail { message = path .. " is there already", hint = "--force overwrites it; --print shows the shipped text" }
end

return {
  summary = "Copy a shipped command, module or recipe to where it can be edited",
  about = "A command (run) or module (tiny.container) goes to the user's configuration folder, a recipe\n"
    .. "(hello.lua) to the working folder. The copy then wins; remove it to have the shipped one again.",
  options = {
    { "force", type = "flag", help = "Overwrite an earlier copy" },
    { "system", type = "flag", help = "For all users: below /etc/tinylua" },
    { "print", type = "flag", help = "Print the shipped text instead" },
  },
  args = { { "name", complete = "shipped" } },
  run = function(args)
    local found, text = find(args.name)
    if args.print then return format.write(text) end
    local path = target(found, args.system)
    write(path, text, args.force)
    format.line(path)
  end,
}
