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

return {
  summary = "Show the manual of a primitive, command, module or recipe",
  about = "Without a name: the index. `commands`, `modules` and `recipes` list those.\n"
    .. "--format markdown writes the whole reference, --format lua the stubs for editors.",
  options = { { "format", choices = { "text", "markdown", "lua" }, default = "text", help = "For whom" } },
  args = { { "name", required = false, complete = "manual" } },
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
      format.line(manual.text(args.name) or manual.unknown(args.name, true))
    end
  end,
}
