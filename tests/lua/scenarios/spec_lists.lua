-- A key that takes a list refuses a map, a list with a hole and a list with other keys, which would be ignored; a network may
-- be one table with a name. In topologies and in nested tables too.
local container = require "tiny.container"
local derived = require "tiny.spec.derived"
local expect = require "tiny.base.expect"

local LISTS = { strings = true, ports = true, mounts = true, command = true, pairs = true, pair_list = true, network = true }
local MAPS = { pairs = true, pair_list = true }
local seen = 0
for key, kind in pairs(derived.types()) do
  if LISTS[kind] then
    seen = seen + 1
    local function refuses(value) expect(function() container.new { [key] = value } end):fails("container.new: " .. key .. ": expected") end
    refuses { nil, "x" }
    refuses { "x", y = "z" }
    if not MAPS[kind] then refuses { x = true } end
    container.new { [key] = { "x=y" } }
  end
end
assert(seen > 15, seen)

-- The hint says what to write.
local function hint(spec) return expect(function() container.new(spec) end):fails("expected").hint end
assert(hint { cap_drop = { ALL = true } } == 'write { "ALL" }')
assert(hint { network = { back = {} } }:find('{ "back" }', 1, true))
assert(hint { dns = { nil, "1.1.1.1" } } == "item 1 is nil")

local check = require "tiny.pipeline.check"
local function spec(asked)
  asked.command = "true"
  return check(container.new(asked).spec)
end
expect(function() spec { seccomp = { allow = { read = true } } } end):fails("seccomp: allow: expected a list of strings")
expect(function() spec { health = { command = { "x", y = 1 } } } end):fails("health: command: expected")
expect(function() spec { network = { { ip = "10.0.0.1" } } } end):fails("has no name")
expect(function() container.new { mounts = { 5 } } end):fails("mounts: expected")
assert(spec { network = { name = "none" } }.network == "none")

local topology = require "tiny.topology"
local made = topology.new { containers = { a = { command = "true" }, b = { command = "true", needs = { a = true } } } }
expect(function() topology.resolve(made, "x") end):fails("needs: expected a list of strings")
