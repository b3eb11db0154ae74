-- eject: copies a shipped file to a directory where it can be edited. The copy overrides the shipped file.
local template_files = require "tiny.cli.template_files"
local format = require "tiny.format"
local manual = require "tiny.docs.manual"

local function shipped(file) return tiny.source(file, { shipped = true }) end

-- The shipped file with this name, and its text. The name is that of a command ("ps", "network create"), a module
-- ("tiny.net.bridge") or a recipe.
local function find(words)
  local name = table.concat(words, " ")
  for _, file in ipairs { "scripts/" .. table.concat(words, "/") .. ".lua", "lua/" .. name:gsub("%.", "/") .. ".lua" } do
    if shipped(file) then return file, shipped(file) end
  end
  for _, found in ipairs(manual.find(name)) do
    if shipped(found.file) then return found.file, shipped(found.file) end
  end
  manual.unknown(name)
end

-- The path of the copy. A recipe is copied to the working directory; other files keep the layout of the search path.
local function target(file, system)
  return file:match("^lua/recipes/(.*)$") or template_files.folder(system) .. "/" .. file
end

-- Lists the copies, and whether each differs from the shipped file.
local function list()
  local rows = {}
  for _, copy in ipairs(template_files.all()) do
    local state = "as shipped"
    if not copy.shipped then state = "your own" elseif copy.text ~= copy.shipped then state = "changed" end
    if copy.covered then state = state .. ", not used: an earlier one on the search path wins" end
    table.insert(rows, { copy.name, state, copy.path })
  end
  format.table({ "NAME", "STATE", "FILE" }, rows)
end

-- Shows what the copy in use changes. The status is that of diff(1).
local function compare(file, text, system)
  local path = target(file, system)
  local own = tiny.read_file(path)
  if not own then tiny.fail { message = path .. " does not exist", hint = "`tinylua eject --list` lists the copies", exit = 2 } end
  local differs = require("tiny.base.diff").lines(text, own)
  if differs == "" then return 0 end
  format.line("--- shipped ", file, "\n+++ ", path, "\n", differs)
  return 1
end

return {
  summary = "Copy a shipped command, module or recipe for editing",
  section = "Recipes and topologies",
  order = 308,
  about = "A command (run, network create) or module (tiny.net.bridge) is copied to your configuration directory, a recipe\n"
    .. "(hello.lua) to the working directory. The copy overrides the shipped file until you remove it.",
  options = {
    { "force", type = "flag", help = "Overwrite an existing copy" },
    { "system", type = "flag", help = "Copy to /etc/tinylua, for all users" },
    { "print", type = "flag", help = "Print the shipped file instead of copying it" },
    { "diff", type = "flag", help = "Show the differences between the shipped file and the copy; exit status 1 if there are any" },
    { "list", type = "flag", help = "List the copies, and your own commands and modules" },
  },
  args = { { "name", many = true, required = false, complete = "shipped", help = "The command, module or recipe" } },
  run = function(args)
    if args.list then return list() end
    if #args.name == 0 then tiny.fail { message = "no name is given", hint = "`tinylua doc` lists what ships", exit = 2 } end
    local file, text = find(args.name)
    if args.print then return format.write(text) end
    if args.diff then return compare(file, text, args.system) end
    local path = target(file, args.system)
    template_files.write(path, text, { force = args.force, hint = "--force overwrites it; --diff shows its changes" })
    format.line(path)
  end,
}
