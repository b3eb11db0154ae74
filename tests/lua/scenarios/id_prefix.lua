-- Id prefixes: one that matches two containers or networks is refused; a unique one is accepted.
local check = require "check"

local id = check.succeeds("create", "--name", "web", "true"):sub(1, 12)
-- A second container whose id differs in its last digit.
local other = id:sub(1, 11) .. (id:sub(12) == "0" and "1" or "0")
local folder = check.root .. "/containers/"
tiny.mkdir(folder .. other)
for _, name in ipairs { "config.json", "state.json" } do
  local value = tiny.json_decode(tiny.read_file(folder .. id .. "/" .. name))
  if value.id then value.id, value.name = other, "mail" end
  tiny.write_file(folder .. other .. "/" .. name, tiny.json_encode(value))
end
tiny.write_file(check.root .. "/names/mail", other)

local function found(ref) return (check.succeeds("inspect", "--format", "id", ref):gsub("\n", "")) end
check.equal(found(id), id)
check.equal(found(other), other)
check.equal(found("web"), id)
check.equal(found("mail"), other)
local both = { id, other }
table.sort(both)
for _, ref in ipairs { id:sub(1, 11), id:sub(1, 4), id:sub(1, 1) } do
  check.refused(("%q is the beginning of several ids: %s\n  hint: write more of it"):format(ref, table.concat(both, ", ")), "rm", ref)
end
check.succeeds("rm", other)
for length = 1, 12 do check.equal(found(id:sub(1, length)), id) end
check.succeeds("rm", id:sub(1, 3))
check.no_container()
check.refused(("no such container: %q\n  hint: `tinylua ps -a` lists them"):format(id:sub(1, 3)), "rm", id:sub(1, 3))

-- The same for networks, whose ids are in their records.
for _, name in ipairs { "blue", "green" } do check.succeeds("network", "create", name) end
local function network(name) return check.root .. "/networks/" .. name .. "/network.json" end
local blue, green = tiny.json_decode(tiny.read_file(network("blue"))), tiny.json_decode(tiny.read_file(network("green")))
green.id = blue.id:sub(1, 11) .. (blue.id:sub(12) == "0" and "1" or "0")
tiny.write_file(network("green"), tiny.json_encode(green))
check.refused(("%q is the beginning of the ids of several networks\n  hint: write more of it, or a name"):format(blue.id:sub(1, 6)),
  "network", "rm", blue.id:sub(1, 6))
check.succeeds("network", "rm", blue.id)
check.succeeds("network", "rm", green.id:sub(1, 6))
check.equal(tiny.stat(network("green")), nil)
