-- Renders the primitives for a terminal, at most 80 columns wide: an entry, and the index.
local primitives = require "tiny.docs.primitives"

local terminal = {}

local WIDTH = 80

local function length(text) return utf8.len(text) or #text end

-- Wraps words to the width of the manual; the first line starts at column `indent`, and the others are indented to it.
function terminal.wrap(text, indent)
  local lines, line, column = {}, {}, indent
  for word in text:gmatch("%S+") do
    local size = length(word)
    if #line > 0 and column + 1 + size > WIDTH then
      table.insert(lines, table.concat(line, " "))
      line, column = {}, indent
    end
    column = column + (#line > 0 and 1 or 0) + size
    table.insert(line, word)
  end
  table.insert(lines, table.concat(line, " "))
  return table.concat(lines, "\n" .. (" "):rep(indent))
end

-- Adds rows of a name and a text, the texts in one column.
local function rows(out, list)
  local column = 0
  for _, row in ipairs(list) do column = math.max(column, 4 + length(row[1])) end
  for _, row in ipairs(list) do
    local gap = (" "):rep(column - 2 - length(row[1]))
    table.insert(out, ("  %s%s%s"):format(row[1], gap, terminal.wrap(row[2], column)))
  end
end

local function section(out, title, list)
  if #list == 0 then return end
  table.insert(out, "\n" .. title)
  rows(out, list)
end

local function described(fields, type_of, list)
  for _, field in ipairs(fields) do table.insert(list, { field.name, ("%s [%s]"):format(field.doc, type_of(field)) }) end
  return list
end

-- The text of an entry.
function terminal.entry(entry)
  local out = { "tiny." .. primitives.call(entry) }
  table.insert(out, primitives.method(entry))
  table.insert(out, "\n  " .. terminal.wrap(entry.doc, 2))
  section(out, "Arguments", described(entry.args, primitives.argument_type, {}))
  local list = entry.list and { { "[1], [2], …", ("%s [%s]"):format(entry.list.doc, entry.list.type.text) } }
  section(out, "Options", described(entry.options, primitives.option_type, list or {}))
  for _, own in ipairs(primitives.tables(entry)) do
    section(out, "Keys of " .. table.concat(own.names, ", "), described(own.keys, primitives.option_type, {}))
  end
  if entry.result ~= "" then table.insert(out, "\nReturns\n  " .. terminal.wrap(entry.result, 2)) end
  local errors = {}
  for i, err in ipairs(entry.errors) do errors[i] = { err.code, err.hint } end
  section(out, "Errors", errors)
  table.insert(out, "\nExample\n  " .. entry.example:gsub("\n", "\n  "))
  table.insert(out, ("\n%s, since %s\n"):format(primitives.capitalised(entry.family), entry.since))
  return table.concat(out, "\n")
end

-- Every primitive with its first clause, by family.
function terminal.index()
  local out = {}
  for i, family in ipairs(primitives.families()) do
    local list = {}
    for j, entry in ipairs(family) do list[j] = { entry.name, primitives.summary(entry) } end
    table.insert(out, (i > 1 and "\n" or "") .. primitives.capitalised(family.name))
    rows(out, list)
  end
  return table.concat(out, "\n") .. "\n"
end

return terminal
