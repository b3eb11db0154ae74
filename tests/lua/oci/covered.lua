-- Every field of the specification (lua/tiny/oci/fields.lua) has a test, which names it in a comment "-- covers: FIELD…". A name that is
-- no field is an error, so that the list cannot be stale.
local check = require "check"

local leaves = {}

-- The fields without fields of their own, as "process.user.uid"; lists and maps have the name of what is in them.
local function walk(kind, name)
  if type(kind) ~= "table" then
    if kind ~= "foreign" then leaves[name] = true end
  elseif kind.words then leaves[name] = true
  elseif kind.list or kind.map then walk(kind.list or kind.map, name)
  else
    for field, inner in pairs(kind) do walk(inner, name == "" and field or name .. "." .. field) end
  end
end
walk(require("tiny.oci.fields").config, "")

local covered, wrong = {}, {}
local here
for folder in tiny.settings.lua_path:gmatch "[^:]+" do
  if tiny.stat(folder .. "/lua/oci/covered.lua") then here = folder .. "/lua/oci" end
end
for _, file in ipairs(tiny.list_dir(here)) do
  for line in tiny.read_file(here .. "/" .. file):gmatch "[^\n]+" do
    for name in (line:match "^%-%- covers: (.*)" or ""):gmatch "%S+" do
      covered[name] = true
      if not leaves[name] then table.insert(wrong, ("%s: there is no field %s"):format(file, name)) end
    end
  end
end

local count = 0
for name in pairs(leaves) do
  count = count + 1
  if not covered[name] then table.insert(wrong, "no test covers " .. name) end
end
table.sort(wrong)
check.equal(table.concat(wrong, "\n"), "")
assert(count > 150, count)
