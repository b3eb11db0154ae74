-- Completions of strings at the prompt: container names, help topics, and the keys of a container's table. All other strings
-- are left to the line editor.
local function containers(prefix)
  local names = {}
  for _, container in ipairs(require("tiny.state").list { "name" }) do
    table.insert(names, container.config.name)
    if prefix ~= "" and container.id:sub(1, #prefix) == prefix and container.id ~= container.config.name then
      table.insert(names, container.id)
    end
  end
  return names
end

-- Primitives, commands, modules and recipes.
local function topics()
  local manual, names = require "tiny.docs.manual", require "tiny.base.sorted_keys"(tiny)
  for topic in pairs(manual.topics) do
    for _, entry in ipairs(manual.list(topic)) do table.insert(names, entry.name) end
  end
  table.sort(names)
  return names
end

-- "memory: size" and so on.
local function keys_of_container()
  local keys = {}
  for key, kind in pairs(require("tiny.spec.derived").types()) do table.insert(keys, ("%s: %s"):format(key, kind)) end
  table.sort(keys)
  return keys
end

local ASKED = { container = containers, inspect = containers, find = containers, [":in"] = containers, help = topics, ["container.new {"] = keys_of_container }

-- The strings, or after "container.new {" the keys, that begin with `prefix` and are valid for the function; nil for others.
return function(callee, prefix)
  local asked = ASKED[callee] or ASKED[callee:match("[.:]([%w_]+)$")]
  if not asked then return nil end
  local fitting = {}
  for _, name in ipairs(asked(prefix)) do
    if name:sub(1, #prefix) == prefix then table.insert(fitting, name) end
  end
  return fitting
end
