-- Checks the keys and types of a recipe's table before anything is created, and suggests corrections.
local schema = {}

local function listed(value, kind)
  for i, item in ipairs(value) do
    if type(item) ~= kind then return ("[%d] is a %s, not a %s"):format(i, type(item), kind) end
  end
end

-- A list of strings, or a map by name. The names and values themselves are checked where they are used.
local function pairs_ok(v)
  if type(v) ~= "table" then return false end
  if #v > 0 then return not listed(v, "string") end
  for key in pairs(v) do
    if type(key) ~= "string" then return false end
  end
  return true
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
  list = function(v) return (type(v) ~= "table" or (next(v) ~= nil and #v == 0)) and "a list" end,
  duration = function(v) return not tiny.parse_duration(v) and 'a duration such as "30s"' end,
  network = function(v) return type(v) ~= "string" and type(v) ~= "table" and "a name, a table or a list of them" end,
  ready = function(v) return type(v) ~= "function" and type(v) ~= "table" and "a function or a table" end,
  pairs = function(v) return not pairs_ok(v) and 'a table { NAME = "value" } or a list of "NAME=value"' end,
  pair_list = function(v) return not pairs_ok(v) and 'a list of "NAME=value" or a table { NAME = value }' end,
  strings = function(v) return (type(v) ~= "table" or listed(v, "string")) and "a list of strings" end,
  command = function(v) return type(v) ~= "string" and (type(v) ~= "table" or listed(v, "string")) and "a string or a list of strings" end,
  functions = function(v)
    if type(v) ~= "table" then return "a table of functions" end
    for _, f in pairs(v) do if type(f) ~= "function" then return "a table of functions" end end
  end,
}

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
      tiny.fail { at = at, placeless = not at, message = ("%s: %s: expected %s, got %s"):format(what, key, wanted, tiny.show(item)) }
    end
  end
end

return schema
