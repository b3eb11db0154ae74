-- Checks the keys and types of a recipe's table before anything is created, and suggests corrections.
local schema = {}

-- Whether a value is a list: a table whose keys are 1 to N, without holes. The items have one of these types, if any is given.
local function is_list(value, ...)
  if type(value) ~= "table" then return false end
  local count, last, kinds = 0, 0, { ... }
  for key, item in pairs(value) do
    if math.type(key) ~= "integer" or key < 1 then return false end
    count, last = count + 1, math.max(last, key)
    local fits = #kinds == 0
    for _, kind in ipairs(kinds) do fits = fits or type(item) == kind or math.type(item) == kind end
    if not fits then return false end
  end
  return count == last
end

-- A list of strings, or a map by name. The names and values themselves are checked where they are used.
local function pairs_ok(v)
  if is_list(v, "string") then return true end
  for key in pairs(type(v) == "table" and v or { 1 }) do
    if type(key) ~= "string" then return false end
  end
  return true
end

-- Networks: a name, the table of one network, or a list of both.
local function networks_ok(v)
  return type(v) == "string" or is_list(v, "string", "table") or type(v) == "table" and type(v.name) == "string"
end

-- The types of a schema; each function returns the expected type if the value does not match.
local TYPES = {
  string = function(v) return type(v) ~= "string" and "a string" end,
  boolean = function(v) return type(v) ~= "boolean" and "true or false" end,
  number = function(v) return type(v) ~= "number" and "a number" end,
  integer = function(v) return math.type(v) ~= "integer" and "an integer" end,
  ["function"] = function(v) return type(v) ~= "function" and "a function" end,
  table = function(v) return type(v) ~= "table" and "a table" end,
  size = function(v) return not tiny.parse_size(v) and 'a size such as "128m"' end,
  limit = function(v) return v ~= "unlimited" and not tiny.parse_size(v) and 'a size such as "128m", or "unlimited"' end,
  output_limit = function(v) return not require("tiny.spec.run_bounds").output(v) and 'a size such as "1m", "1m:truncate" or "1m:end"' end,
  ports = function(v) return not is_list(v, "string", "integer") and "a list of strings and integers" end,
  rules = function(v) return not is_list(v, "string", "table") and "a list of strings and tables" end,
  mounts = function(v) return not is_list(v, "string", "table") and "a list of strings and tables" end,
  duration = function(v) return not tiny.parse_duration(v) and 'a duration such as "30s"' end,
  network = function(v) return not networks_ok(v) and "a name, a table with a name, or a list of them" end,
  ready = function(v) return type(v) ~= "function" and type(v) ~= "table" and "a function or a table" end,
  pairs = function(v) return not pairs_ok(v) and 'a table { NAME = "value" } or a list of "NAME=value"' end,
  pair_list = function(v) return not pairs_ok(v) and 'a list of "NAME=value" or a table { NAME = value }' end,
  strings = function(v) return not is_list(v, "string") and "a list of strings" end,
  command = function(v) return type(v) ~= "string" and not is_list(v, "string") and "a string or a list of strings" end,
  functions = function(v)
    if type(v) ~= "table" then return "a table of functions" end
    for _, f in pairs(v) do if type(f) ~= "function" then return "a table of functions" end end
  end,
}

-- How to write what was given as another kind of table: names as a list, networks by name, and a list without holes.
local function hint_for(kind, value)
  if type(value) ~= "table" then return nil end
  local name, item = next(value)
  if type(name) == "string" and kind == "network" then
    return ('write { "back" } for a network, { name = "back", ip = "…" } for one with options'):gsub("back", type(item) == "table" and name or "back", 2)
  end
  if type(name) == "string" and item == true then return ("write { %s }"):format(tiny.show(name)) end
  if type(name) == "string" then return "a list has values without names, such as { \"…\", \"…\" }" end
  for i = 1, #value do
    if value[i] == nil then return ("item %d is nil"):format(i) end
  end
end

-- Checks `value` against { key = type }. `what` names the table in an error, `at` is its source position. An error without
-- one is marked placeless, so that a caller that knows the file can add it.
function schema.check(what, value, keys, at)
  if type(value) ~= "table" then tiny.fail { at = at, placeless = not at, message = ("%s expects a table, not a %s"):format(what, type(value)) } end
  for key, item in pairs(value) do
    local kind = keys[key]
    if not kind then
      local known = require "tiny.base.sorted_keys"(keys)
      local near = tiny.did_you_mean(tostring(key), known)
      tiny.fail {
        at = at,
        placeless = not at,
        message = ("%s: unknown key %q"):format(what, tostring(key)) .. (near and ("; did you mean %q?"):format(near) or ""),
        hint = "known keys: " .. table.concat(known, ", "),
      }
    end
    local wanted = TYPES[kind](item)
    if wanted then
      tiny.fail {
        at = at,
        placeless = not at,
        message = ("%s: %s: expected %s, got %s"):format(what, key, wanted, tiny.show(item)),
        hint = hint_for(kind, item),
      }
    end
  end
end

return schema
