-- doc: the manual at the terminal. Primitives by family, commands, modules, recipes; and as files for others.
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

-- What --output writes, by the names of the files.
local function files(kind)
  if kind == "man" then return require("tiny.docs.man").files() end
  if kind == "lua" then return require("tiny.docs.stubs").files() end
  if kind == "markdown" then return require("tiny.docs.reference").files() end
  tiny.fail { message = "--output is for --format man, lua or markdown", exit = 2 }
end

-- Writes the files; for editors also the settings that name the folder, unless there are some.
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
  about = "Without a name: the index. `commands`, `modules` and `recipes` list those.\n"
    .. "--format markdown is the whole reference, man are pages for man(1), lua the stubs for editors. With --output they are\n"
    .. "written into a folder: `tinylua doc --format man --output ~/.local/share/man` installs the pages.\n"
    .. "`tinylua doc --format lua --output .tinylua` beside a recipe lets an editor with lua-language-server complete and\n"
    .. "check it; .luarc.json is written too, unless there is one.",
  options = {
    { "format", choices = { "text", "markdown", "man", "lua" }, default = "text", value = "FORMAT", help = "text, markdown, man or lua" },
    { "output", short = "o", value = "DIR", help = "Write files into this folder" },
  },
  args = { { "name", required = false, complete = "manual", help = "What to read about" } },
  run = function(args)
    if args.output then
      write(args.format, args.output)
    elseif args.format ~= "text" then
      format.write(tiny.manual(args.name, { format = args.format }))
    elseif not args.name then
      format.line(tiny.manual())
      list "commands"
      format.line("\nAlso: `tinylua doc modules`, `tinylua doc recipes`, `tinylua doc NAME`.")
    elseif manual.topics[args.name] then
      list(args.name)
    else
      format.line(manual.text(args.name) or manual.unknown(args.name, true))
    end
  end,
}
