-- The part of `check` for the tables of containers and topologies, and for missing modules. The keys and their types come
-- from the modules themselves.
local sorted_keys = require "tiny.base.sorted_keys"

local tables = {}

-- The named items of a table, and the names of nested tables.
local function named(node)
  local items = {}
  for _, item in ipairs(node and node.kind == "table" and node.items or {}) do
    if item.named then table.insert(items, item) end
  end
  return items
end

-- Checks each item separately, so that every error is reported at its own position. Unknown values are skipped.
local function against(what, node, keys, say)
  local constant = require "tiny.dev.constant"
  for _, item in ipairs(named(node)) do
    local value, whole = constant(item.value)
    local known = keys[item.key.value] ~= nil
    if whole and value ~= nil or not known then
      local _, err = tiny.try(require("tiny.spec.schema").check, what, { [item.key.value] = whole and value or true }, keys)
      if err then say(item, err.message) end
    end
  end
end

local function item(node, key)
  for _, one in ipairs(named(node)) do
    if one.key.value == key then return one.value end
  end
end

-- Checks the names in before, after and steps.
local function steps(node, say)
  local list = require("tiny.container").steps
  for _, field in ipairs { "before", "after", "steps" } do
    for _, one in ipairs(named(item(node, field))) do
      local known = false
      for _, name in ipairs(list) do known = known or name == one.key.value end
      if not known then
        local near = tiny.did_you_mean(one.key.value, list)
        say(one, ("%s: unknown step %q"):format(field, one.key.value), near and ("did you mean %s?"):format(near) or "the steps are " .. table.concat(list, ", "))
      end
    end
  end
end

local function container(node, say)
  against("container.new", node, require("tiny.spec.derived").types(), say)
  require "tiny.dev.check_values"(named(node), say)
  steps(node, say)
end

-- Checks what containers need, if all of it is constant.
local function needs(node, say)
  local containers, all = {}, item(node, "containers")
  if not all or all.kind ~= "table" or #named(all) < #all.items then return end
  for _, one in ipairs(named(all)) do
    local asked, whole = item(one.value, "needs"), one.value.kind == "table"
    local value = {}
    if asked then value, whole = require "tiny.dev.constant"(asked) end
    if not whole or type(value) ~= "table" then return end
    containers[one.key.value] = { needs = value }
  end
  local _, err = tiny.try(require("tiny.topology").check_needs, { asked = { containers = containers } })
  if err then say(all, err.message, err.hint) end
end

local function topology(node, say)
  local keys = require("tiny.topology").KEYS
  local service = {}
  for _, map in ipairs { require("tiny.spec.derived").types(), keys.service } do
    for key, kind in pairs(map) do service[key] = kind end
  end
  against("topology.new", node, keys.topology, say)
  for _, one in ipairs(named(item(node, "networks"))) do against("networks: " .. one.key.value, one.value, keys.network, say) end
  needs(node, say)
  for _, one in ipairs(named(item(node, "containers"))) do
    local what = "containers: " .. one.key.value
    against(what, one.value, service, say)
    require "tiny.dev.check_values"(named(one.value), say)
    steps(one.value, say)
    local ready = item(one.value, "ready")
    if ready and ready.kind == "table" then against(what .. ": ready", ready, keys.ready, say) end
  end
end

local MADE = { ["tiny.container"] = container, ["tiny.topology"] = topology }

-- The name of a module that is neither shipped nor on the search path.
local function missing(module)
  local path = "lua/" .. module:gsub("%.", "/") .. ".lua"
  return module:find("^tiny%.[%w_.]+$") ~= nil and tiny.source(path) == nil
end

local function modules()
  local names = {}
  for _, name in ipairs(tiny.sources("lua/tiny", { below = true })) do names["tiny." .. name:gsub("/", ".")] = true end
  return names
end

-- Checks a call that creates a container or a topology, or that requires a module.
function tables.call(node, walker, say)
  local required = node.callee.kind == "name" and node.callee.name == "require" and node.args[1]
  if required and required.kind == "string" and missing(required.value) then
    local near = tiny.did_you_mean(required.value, sorted_keys(modules()))
    say(required, ("no such module: %s"):format(required.value), near and ("did you mean %s?"):format(near) or nil)
  end
  local module, name = walker:named(node.callee)
  local first = node.args[1]
  if MADE[module] and name == "new" and first and first.kind == "table" then MADE[module](first, say) end
end

return tables
