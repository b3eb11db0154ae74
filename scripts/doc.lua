-- doc: the manual at the terminal. Primitives by family, commands, modules, recipes.
local format = require "tiny.format"
local manual = require "tiny.manual"

local function list(topic)
  format.line(manual.topics[topic].title)
  local rows = {}
  for _, entry in ipairs(manual.list(topic)) do
    table.insert(rows, { "  " .. entry.name, manual.summary(tiny.source(entry.file)) })
  end
  format.table(nil, rows)
end

local function show_file(found)
  local text, place = tiny.source(found.file)
  format.line(format.colour("bold", found.name), "  (", place or "shipped", ")\n")
  if found.topic == "recipes" then return format.line((text:gsub("\n$", ""))) end
  local head = manual.header(text)
  if head ~= "" then format.line(head, "\n") end
  if found.topic == "commands" then return format.line(("`tinylua %s --help` lists its options."):format(found.name)) end
  for _, f in ipairs(manual.functions(text)) do
    format.line(format.colour("bold", f.head), f.doc ~= "" and "\n  " .. f.doc:gsub("\n", "\n  ") or "")
  end
end

local function show(name)
  local entry, found = tiny.manual(name), manual.find(name)
  if not entry and #found == 0 then manual.unknown(name, true) end
  if entry then format.write((entry:gsub("^[^\n]+", function(head) return format.colour("bold", head) end))) end
  for _, file in ipairs(found) do
    if entry then
      format.line(("\n%q is also a command: `tinylua %s --help`."):format(name, name))
    else
      show_file(file)
    end
  end
end

return {
  summary = "Show the manual of a primitive, command, module or recipe",
  about = "Without a name: the index. `commands`, `modules` and `recipes` list those.\n"
    .. "--format markdown writes the whole reference, --format lua the stubs for editors.",
  options = { { "format", choices = { "text", "markdown", "lua" }, default = "text", help = "For whom" } },
  args = { { "name", required = false } },
  run = function(args)
    if args.format ~= "text" then
      format.write(tiny.manual(args.name, { format = args.format }))
    elseif not args.name then
      format.line(tiny.manual())
      list "commands"
      format.line("\nAlso: `tinylua doc modules`, `tinylua doc recipes`, `tinylua doc NAME`.")
    elseif manual.topics[args.name] then
      list(args.name)
    else
      show(args.name)
    end
  end,
}
