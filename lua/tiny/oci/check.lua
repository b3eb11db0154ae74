-- Checks the shape of a configuration against tiny.oci.fields. An error names the field and what is wrong with it.
local check = {}

local function wrong(where, what, hint)
  tiny.fail { message = ("%s: %s"):format(where == "" and "the configuration" or where, what), hint = hint }
end
check.wrong = wrong

-- JSON has numbers beyond 64 bits, and no other way to write 2^64 - 1, which is "unlimited".
local function is_integer(value, where)
  if type(value) ~= "number" then return false end
  if math.tointeger(value) then return true end
  if value == math.floor(value) then wrong(where, ("%s is too large"):format(tiny.show(value))) end
  return false
end

local function is_unsigned(value, where)
  if type(value) ~= "number" then return false end
  return value >= 2 ^ 63 and value <= 2 ^ 64 or is_integer(value, where)
end

local function is_list(value)
  local count = 0
  for key in pairs(value) do
    if math.type(key) ~= "integer" then return false end
    count = count + 1
  end
  return count == #value
end

local VALUES = {
  string = function(value, where)
    if type(value) ~= "string" then return false end
    if value:find("\0", 1, true) then wrong(where, "it contains a NUL byte") end
    return true
  end,
  boolean = function(value) return type(value) == "boolean" end,
  integer = is_integer, unsigned = is_unsigned,
  number = function(value) return type(value) == "number" end,
}
local SHOWN = { string = "a string", boolean = "true or false", integer = "a whole number", unsigned = "a whole number", number = "a number" }

local shape

local function words(value, where, list)
  for _, word in ipairs(list) do
    if value == word then return end
  end
  local near = type(value) == "string" and tiny.did_you_mean(value, list)
  wrong(where, ("%s is not one of %s"):format(tiny.show(value), table.concat(list, ", ")), near and ("did you mean %s?"):format(near))
end

-- An object of JSON: its keys are strings.
local function is_object(value, where)
  for name in pairs(value) do
    if type(name) ~= "string" then wrong(where, "expected an object, not a list") end
    if name:find("\0", 1, true) then wrong(where, "a name in it contains a NUL byte") end
  end
end

local function object(value, where, fields, strict)
  for name, kind in pairs(fields) do
    local required = type(kind) == "string" and kind:sub(-1) == "!" or kind.required
    if value[name] == nil and required then wrong(where == "" and name or where .. "." .. name, "it is missing") end
  end
  for name, item in pairs(value) do
    local path = (where == "" and "" or where .. ".") .. tostring(name)
    local kind = fields[name]
    if kind then shape(item, path, kind, strict)
    elseif strict then
      local near = tiny.did_you_mean(name, require "tiny.base.sorted_keys"(fields))
      wrong(path, "the specification has no such field", near and ("did you mean %s?"):format(near))
    end
  end
end

function shape(value, where, kind, strict)
  if type(kind) == "string" then
    local name = kind:gsub("!$", "")
    if name == "foreign" then wrong(where, "the configuration is for another platform; this is Linux") end
    if not VALUES[name](value, where) then wrong(where, ("expected %s, not %s"):format(SHOWN[name], tiny.show(value))) end
    return
  end
  if kind.words then return words(value, where, kind.words) end
  if type(value) ~= "table" then wrong(where, ("expected %s, not %s"):format(kind.list and "a list" or "an object", tiny.show(value))) end
  if kind.list then
    if not is_list(value) then wrong(where, "expected a list, not an object, and no null in it") end
    for i, item in ipairs(value) do shape(item, ("%s[%d]"):format(where, i - 1), kind.list, strict) end
    return
  end
  is_object(value, where)
  if kind.map then
    for name, item in pairs(value) do shape(item, where .. "." .. tostring(name), kind.map, strict) end
  else
    object(value, where, kind, strict)
  end
end

-- Checks a decoded value; `where` begins the names in errors. strict: unknown fields are refused too.
function check.shape(value, where, kind, strict)
  shape(value, where, kind, strict)
end

return check
