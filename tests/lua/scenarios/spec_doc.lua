-- The keys of a container and of a topology: the documented keys and types, for editors and man(1), are the checked
-- ones.
local check = require "check"
local doc = require "tiny.docs.spec_doc"

-- How a checked type may be written for an editor.
local WRITTEN = {
  string = { "string" }, boolean = { "boolean" }, number = { "number" }, integer = { "integer" }, size = { "tiny.size" },
  duration = { "tiny.duration" }, strings = { "string[]" }, command = { "tiny.command", "string|string[]" }, functions = { "tiny.hooks" },
  limit = { 'tiny.size|"unlimited"' },
}

local function compare(what, keys, fields)
  local told = {}
  for _, field in ipairs(fields) do
    local name, ty, text = table.unpack(field)
    check.equal(told[name], nil, what .. ": twice: " .. name)
    told[name] = true
    assert(keys[name], ("%s: %s is documented, and refused"):format(what, name))
    assert(text ~= "", name)
    local wanted = WRITTEN[keys[name]]
    if wanted then check.equal(ty, ty == wanted[2] and ty or wanted[1], what .. ": " .. name) end
    if keys[name] == "function" then assert(ty:match("^fun%("), name .. ": " .. ty) end
  end
  for name in pairs(keys) do assert(told[name], ("%s: %s is not documented"):format(what, name)) end
end
compare("container", require("tiny.spec.derived").types(), doc.container)

-- The calls that a key requests are primitives, and the key for which a call is most typical comes first.
local calls = require("tiny.spec.derived").calls()
for name in pairs(calls) do assert(tiny[name], name .. " is no primitive") end
check.equal(table.concat(calls.seccomp, " "), "seccomp security_opt")
check.equal(table.concat(calls.exec, " "), "command entrypoint")
check.equal(table.concat(calls.veth_pair, " "), "network")

-- The keys that an error names: "known keys: a, b, c".
local function known(f, ...)
  local _, err = tiny.try(f, ...)
  local keys = {}
  for name in err.hint:match("known keys: (.*)"):gmatch("[%w_]+") do keys[name] = "any" end
  return keys
end
local topology = require "tiny.topology"
compare("topology", known(topology.new, { none = 1 }), doc.topology)
local function resolve(asked) return topology.resolve(topology.new(asked), "t") end
local services = known(resolve, { containers = { a = { none = 1 } } })
for _, field in ipairs(doc.container) do services[field[1]] = nil end
compare("service", services, doc.service)

local inner = {}
for _, one in ipairs(doc.inner) do inner[one[1]] = one[3] end
compare("networks", known(resolve, { networks = { n = { none = 1 } }, containers = { a = { command = "x" } } }), inner["tiny.topology.network"])
compare("volumes", known(resolve, { volumes = { v = { none = 1 } }, containers = { a = { command = "x" } } }), inner["tiny.topology.volume"])
compare("ready", known(resolve, { containers = { a = { command = "x", ready = { none = 1 } } } }), inner["tiny.ready.spec"])
local steps = {}
for _, name in ipairs(require("tiny.container").steps) do steps[name] = "any" end
compare("hooks", steps, inner["tiny.hooks"])
compare("health", known(require("tiny.spec.health").check, { health = { none = 1 } }), inner["tiny.health.spec"])
compare("log", known(require("tiny.pipeline.logging").check, { log = { none = 1 } }), inner["tiny.log.spec"])
