-- primitives: returns the registry's data of each primitive.
local check = require "check"

local by_name = {}
for _, primitive in ipairs(tiny.primitives()) do
  check.equal(by_name[primitive.name], nil, primitive.name .. " is listed twice")
  by_name[primitive.name] = primitive
  assert(primitive.effect == "acts" or primitive.effect == "reads" or primitive.effect == "plumbing", primitive.name)
end
-- Everything on `tiny`, and nothing else.
for name, value in pairs(tiny) do assert(type(value) ~= "function" or by_name[name], name) end
for name in pairs(by_name) do check.equal(type(tiny[name]), "function", name) end

local function is(name, wanted)
  for key, value in pairs(wanted) do check.equal(by_name[name][key], value, ("%s.%s"):format(name, key)) end
end
is("mount_proc", { effect = "acts", undoes = false, waits = false, returns = "mount", family = "mounts" })
is("stat", { effect = "reads", undoes = false })
is("pipe", { effect = "plumbing" })
is("link_del", { effect = "acts", undoes = true })
is("wait", { effect = "acts", waits = true, handle = "child", method = "wait" })
is("netns", { returns = "netns" })

-- A primitive that only reads neither consumes nor creates a handle; one that undoes is not a reader.
for name, primitive in pairs(by_name) do
  assert(not (primitive.undoes and primitive.effect == "reads"), name)
  assert(primitive.effect ~= "reads" or not primitive.returns, name .. " returns a handle, and is said to read")
end
