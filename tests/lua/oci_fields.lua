-- Walks the table of fields of a configuration, for the tests that try values of each field.
local fields = require "tiny.oci.fields"
local oci = require "oci_bundle"

local walk = {}

-- A value of each type. A map and a list are not empty, since {} is both.
walk.VALUES = { string = "text", integer = 7, unsigned = 8, number = 7.5, boolean = true, list = { "x" }, object = { x = "y" } }

function walk.plain(kind) return (kind:gsub("!$", "")) end

function walk.required(kind) return type(kind) == "string" and kind:sub(-1) == "!" or type(kind) == "table" and kind.required == true end

-- The smallest valid value of a type.
local function sample(kind)
  if type(kind) == "string" then return walk.VALUES[walk.plain(kind)] end
  if kind.words then return kind.words[1] end
  if kind.list then return { sample(kind.list) } end
  if kind.map then return { x = sample(kind.map) } end
  local made = {}
  for name, field in pairs(kind) do
    if walk.required(field) then made[name] = sample(field) end
  end
  return made
end

-- Calls visit(path, kind, place) for each field below `kind`: `place` is a list of the keys that lead there.
local function below(kind, path, place, visit)
  if path ~= "" then visit(path, kind, place) end
  if type(kind) == "string" or kind.words then return end
  local function go(name, inner, key)
    below(inner, name, table.move({ key }, 1, 1, #place + 1, table.move(place, 1, #place, 1, {})), visit)
  end
  if kind.list then return go(path .. "[0]", kind.list, 1) end
  if kind.map then return go(path .. ".x", kind.map, "x") end
  for _, name in ipairs(require "tiny.base.sorted_keys"(kind)) do go(path == "" and name or path .. "." .. name, kind[name], name) end
end

-- Calls visit(path, type, place) for each field.
function walk.each(visit) below(fields.config, "", {}, visit) end

-- A configuration in which the field at `place` has this value; what leads there has its required fields.
function walk.with(place, value)
  local config = oci.config()
  local at, kind = config, fields.config
  for i = 1, #place - 1 do
    local key = place[i]
    kind = kind.list or kind.map or kind[key]
    local there = at[key]
    -- A list begins with the case under test.
    if kind.list or there == nil then there = sample(kind) end
    at[key] = there
    at = there
  end
  at[place[#place]] = value
  return config
end

return walk
