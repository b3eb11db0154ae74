-- Every field of a configuration with every wrong type, and every required field left out: the error names the field. The cases are
-- derived from the table of fields.
local check = require "check"
local hostile = require "oci_hostile"
local oci = require "oci_bundle"
local walk = require "oci_fields"

-- The types whose values a field of a type accepts.
local ACCEPTS = { integer = { "integer", "unsigned" }, unsigned = { "integer", "unsigned" }, number = { "integer", "unsigned", "number" }, string = { "string" }, boolean = { "boolean" } }

local function accepts(kind, type_)
  if type(kind) == "string" then
    for _, one in ipairs(ACCEPTS[walk.plain(kind)] or {}) do
      if one == type_ then return true end
    end
    return false
  end
  -- A string that is none of the words is wrong too.
  if kind.words then return false end
  return kind.list and type_ == "list" or not kind.list and type_ == "object"
end

-- The message with which a configuration is refused, as the command would; it has been JSON in between.
local function message(config)
  local _, err = tiny.try(require("tiny.oci.config").check, tiny.json_decode(tiny.json_encode(config)))
  return err and err.message
end

local cases, leaves, required = 0, {}, 0
walk.each(function(path, kind, place)
  for type_, value in pairs(walk.VALUES) do
    if not accepts(kind, type_) then
      local said = message(walk.with(place, value))
      cases = cases + 1
      if not said or said:sub(1, #path + 1) ~= path .. ":" then error(("%s = %s: %s"):format(path, tiny.show(value), tostring(said))) end
    end
  end
  if walk.required(kind) then
    local said = message(walk.with(place, nil))
    required = required + 1
    check.equal(said, path .. ": it is missing")
  end
  -- null in a list is no value.
  if type(kind) == "table" and kind.list then
    local text = tiny.json_encode(walk.with(place, { "HOLE" })):gsub('"HOLE"', 'null,1')
    local _, err = tiny.try(require("tiny.oci.config").check, tiny.json_decode(text))
    assert(err and err.message:sub(1, #path) == path, ("%s: [null, 1]: %s"):format(path, err and err.message or "accepted"))
  end
  if type(kind) == "string" then table.insert(leaves, { path = path, kind = kind, place = place }) end
end)
print(("%d wrong types, %d required fields"):format(cases, required))
assert(cases > 800 and required > 25 and #leaves > 150)

-- The whole command for one wrong type of each field, or of every seventh one.
hostile.leaves_nothing(function()
  for i = 1, #leaves, hostile.whole and 1 or 7 do
    local leaf = leaves[i]
    local path = oci.bundle(nil, function() return walk.with(leaf.place, { x = "y" }) end)
    hostile.refused(leaf.path .. ": ", { "create", "--bundle", path, "c" })
    tiny.remove(path, { recursive = true })
  end
end)
