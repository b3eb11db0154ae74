-- doc: shows the manual in the terminal, and writes it as man pages, Markdown and editor stubs.
local format = require "tiny.format"
local manual = require "tiny.docs.manual"

local function list(topic)
  format.line(manual.topics[topic].title)
  local rows = {}
  for _, entry in ipairs(manual.list(topic)) do
    table.insert(rows, { "  " .. entry.name, manual.summary(tiny.source(entry.file)) })
  end
  format.table(nil, rows)
end

-- The files that --output writes, by name.
local function files(kind)
  if kind == "man" then return require("tiny.docs.man").files() end
  if kind == "lua" then return require("tiny.docs.stubs").files() end
  if kind == "markdown" then return require("tiny.docs.reference").files() end
  tiny.fail { message = "--output requires --format man, lua or markdown", exit = 2 }
end

-- The primitives in a format other than text.
local function whole(kind)
  if kind == "man" then return require("tiny.docs.man").primitives() end
  if kind == "lua" then return require "tiny.docs.primitive_stubs"() end
  return require("tiny.docs.reference").primitives()
end

-- Writes the files. For editors, it also writes settings that name the directory, unless a settings file exists.
local function write(kind, folder)
  for name, text in pairs(files(kind)) do
    tiny.mkdir(folder .. "/" .. (name:match("^(.*)/") or ""), { parents = true })
    tiny.write_file(folder .. "/" .. name, text)
  end
  if kind ~= "lua" then return end
  local above, name = folder:gsub("/+$", ""):match("^(.-)([^/]+)$")
  local _, err = tiny.try(tiny.write_file, above .. ".luarc.json", require("tiny.docs.stubs").luarc(name), { exclusive = true })
  if err and err.code ~= "EEXIST" then error(err, 0) end
end

return {
  summary = "Show the manual of a primitive, command, module or recipe",
  section = "System",
  order = 403,
  about = "Without a name, it prints the index. `commands`, `modules` and `recipes` list those; `keys` lists the keys of a\n"
    .. "container, `run.memory` explains one of them, and `ctx` and `call` what functions of a recipe are passed.\n"
    .. "--format markdown prints the whole reference, man prints pages for man(1), and lua prints stubs for editors.\n"
    .. "`tinylua doc --format man --output ~/.local/share/man` installs the man pages.\n"
    .. "`tinylua doc --format lua --output .tinylua`, next to your recipes, lets an editor with lua-language-server complete\n"
    .. "and check them. It also writes .luarc.json unless that file exists.",
  options = {
    { "format", choices = { "text", "markdown", "man", "lua" }, default = "text", value = "FORMAT", help = "Output format: text, markdown, man or lua" },
    { "output", short = "o", value = "DIR", help = "Write files to this directory" },
  },
  args = { { "name", required = false, complete = "manual", help = "Name of a primitive, command, module or recipe" } },
  run = function(args)
    if args.output then
      write(args.format, args.output)
    elseif args.format ~= "text" then
      if args.name then tiny.fail { message = ("--format %s is for the whole manual; leave out NAME"):format(args.format), exit = 2 } end
      format.write(whole(args.format))
    elseif not args.name then
      format.line(require("tiny.docs.terminal").index())
      list "commands"
      format.line("\nAlso: `tinylua doc modules`, `tinylua doc recipes`, `tinylua doc keys`, `tinylua doc NAME`.")
    elseif manual.topics[args.name] then
      list(args.name)
    else
      format.line(manual.text(args.name) or require("tiny.docs.key_doc").of_key(args.name) or manual.unknown(args.name, true))
    end
  end,
}
