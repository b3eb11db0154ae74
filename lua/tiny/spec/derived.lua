-- What derives from the table of keys (tiny.spec.keys): types, options, documentation, what a record keeps.
local rows = require "tiny.spec.keys"

local derived = {}

-- The type of an option, of a row's TYPE; the others are texts.
local OPTION = { boolean = "flag", integer = "integer", number = "number", size = "size", duration = "duration" }
-- Those whose options can be given several times.
local MANY = { strings = true, list = true, pairs = true, pair_list = true }
-- How a type is written for an editor.
local WRITTEN = {
  string = "string", boolean = "boolean", number = "number", integer = "integer", size = "tiny.size", duration = "tiny.duration",
  strings = "string[]", command = "tiny.command", functions = "tiny.hooks", limit = 'tiny.size|"unlimited"',
  pairs = "table<string, string>|string[]", pair_list = "string[]|table<string, string|number>",
}
-- The type of a checked value in JSON, and of each item where it is a list.
local RECORDED = {
  string = "string", boolean = "boolean", number = "number", integer = "number", size = "number", duration = "number", strings = "table",
  list = "table", pairs = "table", pair_list = "table", command = "table", table = "table", network = "string",
}
local ITEMS = { strings = "string", pair_list = "string", command = "string" }

-- The types of all keys that a recipe may have, by name.
function derived.types()
  local types = {}
  for _, row in ipairs(rows) do
    if row[1] and not row.internal then types[row[1]] = row[2] end
  end
  return types
end

-- What each key is for: name, type in the words of the Lua language server, text.
function derived.fields()
  local fields = {}
  for _, row in ipairs(rows) do
    if row[1] and not row.internal then table.insert(fields, { row[1], row.lua or WRITTEN[row[2]], row[3] }) end
  end
  return fields
end

-- The options of a row; the first takes its name and type from the key where it has none of its own.
local function options_of(row)
  local list = row.option
  if not list then return {} end
  if type(list[1]) ~= "table" then list = { list } end
  local made = {}
  for i, option in ipairs(list) do
    local one = {}
    for key, value in pairs(option) do one[key] = value end
    one[1] = one[1] or row[1]:gsub("_", "-")
    if i == 1 and one.type == nil and one.many == nil then
      one.type, one.many = OPTION[row[2]], MANY[row[2]]
    end
    if one.type == "string" then one.type = nil end
    made[i] = one
  end
  return made
end

-- The options of `run` and `create`, in the order of the rows.
function derived.options()
  local all = {}
  for _, row in ipairs(rows) do
    for _, option in ipairs(options_of(row)) do table.insert(all, option) end
  end
  return all
end

-- How an option changes a key: { key, option, "replace" | "add" | "flag" } for each.
function derived.merges()
  local list = {}
  for _, row in ipairs(rows) do
    local option = row[1] and row.merge ~= "own" and options_of(row)[1]
    if option then
      local how = row.merge or row[2] == "boolean" and "flag" or option.many and "add" or "replace"
      table.insert(list, { row[1], option[1]:gsub("-", "_"), how })
    end
  end
  return list
end

local function kept(row)
  if row.kept ~= nil then return row.kept end
  return row[1] and row[2] ~= "function" and row[2] ~= "functions" and "config"
end

-- The keys that config.json has under their own name ("config"), or in its table of limits ("limits").
function derived.kept(where)
  local list = {}
  for _, row in ipairs(rows) do
    if kept(row) == where then table.insert(list, row[1]) end
  end
  return list
end

-- The types of the fields of config.json, and those of the items of lists, by key.
function derived.recorded()
  local types, items = {}, {}
  for _, row in ipairs(rows) do
    if kept(row) == "config" then types[row[1]], items[row[1]] = RECORDED[row[2]], row.items or ITEMS[row[2]] end
  end
  return types, items
end

-- The keys whose check needs the networks to be there.
function derived.of_networks()
  local list = {}
  for _, row in ipairs(rows) do
    if row.net then table.insert(list, row[1]) end
  end
  return list
end

return derived
