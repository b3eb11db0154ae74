-- init: writes a working template. The templates are in lua/templates/ and can be overridden on the search path.
local template_files = require "tiny.cli.template_files"
local format = require "tiny.format"
local manual = require "tiny.docs.manual"

-- The default name of each kind, and the command to try it.
local KINDS = {
  recipe = { name = "recipe", try = "tinylua run %s" },
  command = { name = "hello", try = "tinylua %s --help" },
  topology = { name = "topology", try = "tinylua up %s" },
  test = { name = "recipe", try = "tinylua test %s", ending = "_test.lua" },
}

local function refuse(message, hint) tiny.fail { message = message, hint = hint, exit = 2 } end

-- The path of the file, and the name to insert in its text.
local function place(args)
  local given = (args.name or KINDS[args.kind].name):gsub("%.lua$", ""):gsub(args.kind == "test" and "_test$" or "^$", "")
  local folder, name = given:match("^(.*/)([^/]*)$")
  name = name or given
  if not name:match("^%w[%w_-]*$") then refuse(("invalid name %s: use letters, digits, '_' and '-'"):format(tiny.show(name))) end
  if args.kind ~= "command" then return given .. (KINDS[args.kind].ending or ".lua"), name end
  if folder then refuse("a command takes a name, not a path: " .. given, "to write it elsewhere: tinylua init command --print NAME > FILE") end
  for _, found in ipairs(manual.find(name)) do
    if found.topic == "commands" and tiny.source(found.file, { shipped = true }) then
      refuse(("the command %s already exists"):format(name), ("`tinylua eject %s` copies it for editing"):format(name))
    end
  end
  return ("%s/scripts/%s.lua"):format(template_files.folder(args.system), name), name
end

return {
  summary = "Write a template for a recipe, command, topology or test",
  section = "Recipes and topologies",
  order = 303,
  about = "A recipe or topology is written to NAME.lua in the working directory, a test to NAME_test.lua. A command is written to\n"
    .. "your configuration directory and becomes `tinylua NAME`. Existing files are not overwritten.",
  options = {
    { "system", type = "flag", help = "Write a command to /etc/tinylua, for all users" },
    { "print", type = "flag", help = "Print the template instead of writing it" },
  },
  args = {
    { "kind", choices = { "recipe", "command", "topology", "test" }, value = "KIND", help = "recipe, command, topology or test" },
    { "name", required = false, help = "Its name [default: recipe, hello for a command, topology for a topology]" },
  },
  run = function(args)
    local path, name = place(args)
    local text = tiny.source(("lua/templates/%s.lua"):format(args.kind)):gsub("%f[%w]NAME%f[%W]", (name:gsub("%%", "%%%%")))
    if args.print then return format.write(text) end
    template_files.write(path, text, { hint = "choose another name, or remove it" })
    format.line(path)
    format.note("try: " .. KINDS[args.kind].try, args.kind == "command" and name or path)
  end,
}
