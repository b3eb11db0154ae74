-- init: writes a starting point that runs as it is. The texts are lua/templates/, where an override counts too.
local copies = require "tiny.cli.template_files"
local format = require "tiny.format"
local manual = require "tiny.docs.manual"

-- What each is called without a name, and what to do with it.
local KINDS = {
  recipe = { name = "recipe", try = "tinylua run %s" },
  command = { name = "hello", try = "tinylua %s --help" },
  topology = { name = "topology", try = "tinylua up %s" },
  test = { name = "recipe", try = "tinylua test %s", ending = "_test.lua" },
}

local function refuse(message, hint) tiny.fail { message = message, hint = hint, exit = 2 } end

-- The file and the bare name that stands in its text.
local function place(args)
  local given = (args.name or KINDS[args.kind].name):gsub("%.lua$", ""):gsub(args.kind == "test" and "_test$" or "^$", "")
  local folder, name = given:match("^(.*/)([^/]*)$")
  name = name or given
  if not name:match("^%w[%w_-]*$") then refuse(("the name %s has other characters than letters, digits, '_' and '-'"):format(tiny.show(name))) end
  if args.kind ~= "command" then return given .. (KINDS[args.kind].ending or ".lua"), name end
  if folder then refuse("a command has a name, not a path: " .. given, "--print writes the text to anywhere: tinylua init command --print NAME > FILE") end
  for _, found in ipairs(manual.find(name)) do
    if found.topic == "commands" and tiny.source(found.file, { shipped = true }) then
      refuse(("there is a command %s already"):format(name), ("`tinylua eject %s` copies it, to be edited"):format(name))
    end
  end
  return ("%s/scripts/%s.lua"):format(copies.folder(args.system), name), name
end

return {
  summary = "Write a recipe, command, topology or test to start from",
  about = "A recipe or topology is written to NAME.lua in the working folder, a test to NAME_test.lua, a command to the user's\n"
    .. "configuration folder, where it becomes `tinylua NAME`. Nothing is overwritten.",
  options = {
    { "system", type = "flag", help = "A command for all users: below /etc/tinylua" },
    { "print", type = "flag", help = "Print the text instead" },
  },
  args = {
    { "kind", choices = { "recipe", "command", "topology", "test" }, value = "KIND", help = "recipe, command, topology or test" },
    { "name", required = false, help = "What it is called [default: recipe, for a command hello, for a topology topology]" },
  },
  run = function(args)
    local path, name = place(args)
    local text = tiny.source(("lua/templates/%s.lua"):format(args.kind)):gsub("%f[%w]NAME%f[%W]", (name:gsub("%%", "%%%%")))
    if args.print then return format.write(text) end
    copies.write(path, text, { hint = "choose another name, or remove it" })
    format.line(path)
    format.note("try: " .. KINDS[args.kind].try, args.kind == "command" and name or path)
  end,
}
