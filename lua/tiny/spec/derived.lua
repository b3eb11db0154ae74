-- Derives types, options, documentation and recorded fields from the table of keys (tiny.spec.keys).
local keys = require "tiny.spec.keys"

local derived = {}

-- The option type for a row's TYPE; all other types take a string.
local OPTION = { boolean = "flag", integer = "integer", number = "number", size = "size", duration = "duration" }
-- The types whose options can be repeated.
local MANY = { strings = true, ports = true, rules = true, mounts = true, pairs = true, pair_list = true }
-- How a type is written in the editor stubs.
local WRITTEN = {
  string = "string", boolean = "boolean", number = "number", integer = "integer", size = "tiny.size", duration = "tiny.duration",
  strings = "string[]", rules = "(string|tiny.egress.rule)[]", command = "tiny.command", functions = "tiny.hooks", limit = 'tiny.size|"unlimited"',
  output_limit = "tiny.size", pairs = "table<string, string|number>|string[]", pair_list = "string[]|table<string, string|number>",
}
-- The JSON type of a checked value, and of each item of a list.
local RECORDED = {
  string = "string", boolean = "boolean", number = "number", integer = "number", size = "number", duration = "number", strings = "table",
  list = "table", ports = "table", rules = "table", mounts = "table", pairs = "table", pair_list = "table", command = "table", table = "table",
  network = "string", output_limit = "string",
}
local ITEMS = { strings = "string", pair_list = "string", command = "string" }

-- The types of all keys of a recipe, by name.
function derived.types()
  local types = {}
  for _, row in ipairs(keys) do
    if row[1] and not row.internal then types[row[1]] = row[2] end
  end
  return types
end

-- The documentation of each key: name, type in the notation of the Lua language server, text.
function derived.fields()
  local fields = {}
  for _, row in ipairs(keys) do
    if row[1] and not row.internal then table.insert(fields, { row[1], row.lua or WRITTEN[row[2]], row[3] }) end
  end
  return fields
end

local NONE = {}

-- The options of a row. The first takes its name and type from the key unless it has its own. They are filled in once,
-- in the row itself.
local function options_of(row)
  local list = row.options
  if list then return list end
  list = row.option or NONE
  if list ~= NONE and type(list[1]) ~= "table" then list = { list } end
  for i, option in ipairs(list) do
    option[1] = option[1] or row[1]:gsub("_", "-")
    if i == 1 and option.type == nil and option.many == nil then
      option.type, option.many = OPTION[row[2]], MANY[row[2]]
    end
    if option.type == "string" then option.type = nil end
  end
  row.options = list
  return list
end

-- The options of a key, by its name.
function derived.options_of(key)
  for _, row in ipairs(keys) do
    if row[1] == key then return options_of(row) end
  end
end

-- The options of `run` and `create`, in the order of the rows.
function derived.options()
  local all, heading = {}, nil
  for _, row in ipairs(keys) do
    heading = row.heading or heading
    for _, option in ipairs(options_of(row)) do
      option.heading = heading
      table.insert(all, option)
    end
  end
  return all
end

-- How options change keys: a list of { key, option, "replace" | "add" }.
function derived.merges()
  local list = {}
  for _, row in ipairs(keys) do
    local option = row[1] and row.merge ~= "own" and options_of(row)[1]
    if option then
      local how = row.merge or option.many and "add" or "replace"
      table.insert(list, { row[1], option[1]:gsub("-", "_"), how })
    end
  end
  return list
end

local function kept(row)
  if row.kept ~= nil then return row.kept end
  return row[1] and row[2] ~= "function" and row[2] ~= "functions" and "config"
end

-- The keys that config.json stores under their own name ("config") or in its limits ("limits").
function derived.kept(where)
  local list = {}
  for _, row in ipairs(keys) do
    if kept(row) == where then table.insert(list, row[1]) end
  end
  return list
end

-- The types of the fields of config.json, and of the items of lists, by key.
function derived.recorded()
  local types, items = {}, {}
  for _, row in ipairs(keys) do
    if kept(row) == "config" then types[row[1]], items[row[1]] = RECORDED[row[2]], row.items or ITEMS[row[2]] end
  end
  return types, items
end

-- By primitive, the keys that make the pipeline call it. A key for which the call is more typical comes first.
function derived.calls()
  local by_name, place, any = {}, 0, nil
  repeat
    place, any = place + 1, false
    for _, row in ipairs(keys) do
      local name = row.calls and row.calls[place]
      if name then
        any = true
        by_name[name] = by_name[name] or {}
        table.insert(by_name[name], row[1])
      end
    end
  until not any
  return by_name
end

-- The keys whose check needs the networks to exist.
function derived.of_networks()
  local list = {}
  for _, row in ipairs(keys) do
    if row.net then table.insert(list, row[1]) end
  end
  return list
end

return derived
