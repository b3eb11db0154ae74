-- eject: copies what ships in the binary to where it can be edited; the copy then wins.
local copies = require "tiny.cli.template_files"
local format = require "tiny.format"
local manual = require "tiny.docs.manual"

local function shipped(file) return tiny.source(file, { shipped = true }) end

-- The file of this name that ships, and its text: a command ("ps", "network create"), a module ("tiny.net.bridge"),
-- a recipe.
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

-- Where a copy goes: a recipe to the working folder, the rest in the layout of the search path.
local function target(file, system)
  return file:match("^lua/recipes/(.*)$") or copies.folder(system) .. "/" .. file
end

-- The copies that there are, each with what became of it.
local function list()
  local rows = {}
  for _, copy in ipairs(copies.all()) do
    local state = "as shipped"
    if not copy.shipped then state = "your own" elseif copy.text ~= copy.shipped then state = "changed" end
    if copy.covered then state = state .. ", not used: the one before wins" end
    table.insert(rows, { copy.name, state, copy.path })
  end
  format.table({ "NAME", "STATE", "FILE" }, rows)
end

-- What the copy that is used changed; the status is diff(1)'s.
local function compare(file, text, system)
  local path = target(file, system)
  local own = tiny.read_file(path)
  if not own then tiny.fail { message = path .. " is not there", hint = "`tinylua eject --list` lists the copies", exit = 2 } end
  local differs = require("tiny.base.diff").lines(text, own)
  if differs == "" then return 0 end
  format.line("--- shipped ", file, "\n+++ ", path, "\n", differs)
  return 1
end

return {
  summary = "Copy a shipped command, module or recipe to where it can be edited",
  about = "A command (run, network create) or module (tiny.net.bridge) goes to the user's configuration folder, a recipe\n"
    .. "(hello.lua) to the working folder. The copy then wins; remove it to have the shipped one again.",
  options = {
    { "force", type = "flag", help = "Overwrite an earlier copy" },
    { "system", type = "flag", help = "For all users: below /etc/tinylua" },
    { "print", type = "flag", help = "Print the shipped text instead" },
    { "diff", type = "flag", help = "Show what the copy changes; exit status 1 when it does" },
    { "list", type = "flag", help = "List the copies, and the commands and modules of one's own" },
  },
  args = { { "name", many = true, required = false, complete = "shipped", help = "What to copy" } },
  run = function(args)
    if args.list then return list() end
    if #args.name == 0 then tiny.fail { message = "nothing is named to be copied", hint = "`tinylua doc` lists what ships", exit = 2 } end
    local file, text = find(args.name)
    if args.print then return format.write(text) end
    if args.diff then return compare(file, text, args.system) end
    local path = target(file, args.system)
    copies.write(path, text, { force = args.force, hint = "--force overwrites it; --diff shows what it changes" })
    format.line(path)
  end,
}
