-- eject: copies what ships in the binary to where it can be edited; the copy then wins.
local copies = require "tiny.copies"
local format = require "tiny.format"
local manual = require "tiny.manual"

-- Where a copy goes: a recipe to the working folder, the rest in the layout of the search path.
local function target(found, system)
  if found.topic == "recipes" then return found.name end
  return copies.folder(system) .. "/" .. found.file
end

-- The file of this name that ships, and its text.
local function find(name)
  for _, found in ipairs(manual.find(name)) do
    local text = tiny.source(found.file, { shipped = true })
    if text then return found, text end
  end
  manual.unknown(name)
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
    copies.write(path, text, { force = args.force, hint = "--force overwrites it; --print shows the shipped text" })
    format.line(path)
  end,
}
