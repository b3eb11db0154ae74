-- Checks the shape of a configuration against tiny.oci.fields. An error names the field and what is wrong with it.
local check = {}

local math_type = math.type

local function wrong(where, what, hint)
  tiny.fail { message = ("%s: %s"):format(where == "" and "the configuration" or where, what), hint = hint }
end
check.wrong = wrong

-- Checks that a number, if it is there, lies between two.
function check.range(value, least, most, where)
  if value and (value < least or value > most) then wrong(where, ("%s is not between %d and %d"):format(tiny.show(value), least, most)) end
end

-- Checks that a word is in a list; otherwise: another text than "%s is not one of …".
function check.one_of(word, list, where, otherwise)
  for _, known in ipairs(list) do
    if known == word then return end
  end
  if otherwise then wrong(where, otherwise:format(tiny.show(word))) end
  local near = tiny.did_you_mean(word, list)
  wrong(where, ("%s is not one of %s"):format(tiny.show(word), table.concat(list, ", ")), near and ("did you mean %s?"):format(near))
end

-- Calls f; an error begins with the name of the field that it applies.
function check.named(field, f, ...)
  local results = table.pack(tiny.try(f, ...))
  local err = results[2]
  if results[1] ~= nil or err == nil then return table.unpack(results, 1, results.n) end
  if type(err) ~= "table" and type(err) ~= "userdata" then error(err, 0) end
  tiny.fail { message = ("%s: %s"):format(field, err.message), hint = err.hint, code = err.code }
end

-- A name in errors is put together only for an error: `above` is a list of the names around it, innermost first, as { above, key }.
local function name_of(above, key)
  if type(above) == "table" then above = name_of(above[1], above[2]) end
  if key == nil then return above end
  if math_type(key) == "integer" then return ("%s[%d]"):format(above, key - 1) end
  return above == "" and tostring(key) or above .. "." .. tostring(key)
end

-- JSON has numbers beyond 64 bits, and no other way to write 2^64 - 1, which is "unlimited".
local function is_integer(value, above, key)
  if type(value) ~= "number" then return false end
  if math.tointeger(value) then return true end
  if value == math.floor(value) then wrong(name_of(above, key), ("%s is too large"):format(tiny.show(value))) end
  return false
end

local function is_unsigned(value, above, key)
  if type(value) ~= "number" then return false end
  return value >= 2 ^ 63 and value <= 2 ^ 64 or is_integer(value, above, key)
end

local function is_list(value)
  local count = 0
  for key in pairs(value) do
    if math_type(key) ~= "integer" then return false end
    count = count + 1
  end
  return count == #value
end

local VALUES = {
  string = function(value, above, key)
    if type(value) ~= "string" then return false end
    if value:find("\0", 1, true) then wrong(name_of(above, key), "it contains a NUL byte") end
    return true
  end,
  boolean = function(value) return type(value) == "boolean" end,
  integer = is_integer, unsigned = is_unsigned,
  number = function(value) return type(value) == "number" end,
  foreign = function(_, above, key) wrong(name_of(above, key), "the configuration is for another platform; this is Linux") end,
}
local SHOWN = { string = "a string", boolean = "true or false", integer = "a whole number", unsigned = "a whole number",
  number = "a number" }

-- The types without the mark of a required field.
local PLAIN = {}
for name in pairs(VALUES) do PLAIN[name], PLAIN[name .. "!"] = name, name end

local shape

local function words(value, above, key, list)
  for _, word in ipairs(list) do
    if value == word then return end
  end
  local near = type(value) == "string" and tiny.did_you_mean(value, list)
  wrong(name_of(above, key), ("%s is not one of %s"):format(tiny.show(value), table.concat(list, ", ")), near
    and ("did you mean %s?"):format(near))
end

-- An object of JSON: its keys are strings.
local function is_object(value, here)
  for name in pairs(value) do
    if type(name) ~= "string" then wrong(name_of(here), "expected an object, not a list") end
    if name:find("\0", 1, true) then wrong(name_of(here), "a name in it contains a NUL byte") end
  end
end

local function object(value, here, fields, strict)
  for name, kind in pairs(fields) do
    local required = type(kind) == "string" and kind:sub(-1) == "!" or type(kind) == "table" and kind.required
    if value[name] == nil and required then wrong(name_of(here, name), "it is missing") end
  end
  for name, item in pairs(value) do
    local kind = fields[name]
    if kind then shape(item, here, name, kind, strict)
    elseif strict then
      local near = tiny.did_you_mean(name, require "tiny.base.sorted_keys"(fields))
      wrong(name_of(here, name), "the specification has no such field", near and ("did you mean %s?"):format(near))
    end
  end
end

function shape(value, above, key, kind, strict)
  if type(kind) == "string" then
    local name = PLAIN[kind]
    if VALUES[name](value, above, key) then return end
    wrong(name_of(above, key), ("expected %s, not %s"):format(SHOWN[name], tiny.show(value)))
  end
  if kind.words then return words(value, above, key, kind.words) end
  if type(value) ~= "table" then
    wrong(name_of(above, key), ("expected %s, not %s"):format(kind.list and "a list" or "an object", tiny.show(value)))
  end
  local here = key == nil and above or { above, key }
  if kind.list then
    if not is_list(value) then wrong(name_of(here), "expected a list, not an object, and no null in it") end
    local fits = VALUES[PLAIN[kind.list]]
    for i, item in ipairs(value) do
      if not (fits and fits(item, here, i)) then shape(item, here, i, kind.list, strict) end
    end
    return
  end
  is_object(value, here)
  if kind.map then
    -- A key is no index, whatever it looks like.
    for name, item in pairs(value) do shape(item, here, tostring(name), kind.map, strict) end
  else
    object(value, here, kind, strict)
  end
end

-- Checks a decoded value; `where` begins the names in errors. strict: unknown fields are refused too.
function check.shape(value, where, kind, strict)
  shape(value, where, nil, kind, strict)
end

return check
