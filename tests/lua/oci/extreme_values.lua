-- Every field of a configuration with values at the limits of its type: the container is created, or one sentence says why not.
-- Nothing is left in either case.
local hostile = require "oci_hostile"
local oci = require "oci_bundle"
local walk = require "oci_fields"

-- As they are written in JSON.
local NUMBERS = { "-1", "0", "1", "-9223372036854775808", "9223372036854775807", "18446744073709551615", "4294967295", "4294967296", "1e300", "7.0" }
local STRINGS = { '""', '"\\n"', '"../../../../../tmp/x"', '"/proc/self/fd/3"', '"\\u001b[2J"', '"%s%n"', '"' .. ("a"):rep(70000) .. '"', '"\195\40"', '"/"' }

local count, created = 0, 0
local function attempt(path, place, text)
  local config = tiny.json_encode(walk.with(place, "VALUE UNDER TEST"))
  local bundle = oci.bundle(nil, function() return (config:gsub('"VALUE UNDER TEST"', function() return text end)) end)
  local result = oci.run { "create", "--bundle", bundle, "c" }
  count = count + 1
  local about = ("%s = %s"):format(path, text:sub(1, 40))
  if result.status == 0 then
    created = created + 1
    hostile.delete()
  else
    hostile.sentence(result.err, about)
  end
  if path == "linux.cgroupsPath" then hostile.remove_parents(tiny.json_decode(text)) end
  tiny.remove(bundle, { recursive = true })
end

-- Every field gets one value, in turn; all fields get all values where the whole test is asked for.
local turn, problems = 0, {}
walk.each(function(path, kind, place)
  if type(kind) ~= "string" or walk.plain(kind) == "boolean" or walk.plain(kind) == "foreign" then return end
  local values = walk.plain(kind) == "string" and STRINGS or NUMBERS
  for i, text in ipairs(values) do
    if hostile.whole or turn % #values == i - 1 then
      local _, err = tiny.try(hostile.leaves_nothing, function() attempt(path, place, text) end, path .. " = " .. text:sub(1, 40))
      if err then
        table.insert(problems, err.message)
        oci.run { "delete", "--force", "c" }
      end
    end
  end
  turn = turn + 1
end)
print(("%d values, %d created"):format(count, created))
assert(#problems == 0, "\n" .. table.concat(problems, "\n"))
assert(count > 150 and created > 20)
