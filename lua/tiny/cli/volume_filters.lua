-- The filters of `volume ls`, with docker's meaning: filters of one key are alternatives, except for labels,
-- which must all match.
local labelled = require("tiny.spec.pairs").labelled

local filters = {}

local function is_true(text, value)
  if value == "true" or value == "1" then return true end
  if value == "false" or value == "0" then return false end
  tiny.fail { message = ("--filter %s: expected true or false"):format(tiny.show(text)), exit = 2 }
end

-- For each key: whether a volume matches; used: the volumes that containers use.
local TESTS = {
  name = function(volume, value) return volume.name:find(value, 1, true) ~= nil end,
  driver = function(volume, value) return volume.driver == value end,
  dangling = function(volume, value, used, text) return (used()[volume.name] == nil) == is_true(text, value) end,
  label = function(volume, value) return labelled(volume.labels, value) end,
}

function filters.keys() return require "tiny.base.sorted_keys"(TESTS) end

-- The volumes of a list that match all filters.
function filters.chosen(all, texts)
  local users
  local function used()
    users = users or (require("tiny.store.volumes").users(require("tiny.state").list { "name", "mounts" }))
    return users
  end
  local by_key = {}
  for _, text in ipairs(texts) do
    local key, value = text:match("^(%a+)=(.+)$")
    if not TESTS[key or ""] then
      tiny.fail { message = ("--filter %s is not KEY=VALUE with one of the keys %s"):format(tiny.show(text), table.concat(filters.keys(), ", ")), exit = 2 }
    end
    by_key[key] = by_key[key] or {}
    table.insert(by_key[key], { value, text })
  end
  local found = {}
  for _, volume in ipairs(all) do
    local keep = true
    for key, wanted in pairs(by_key) do
      local hits = 0
      for _, one in ipairs(wanted) do hits = hits + (TESTS[key](volume, one[1], used, one[2]) and 1 or 0) end
      keep = keep and hits >= (key == "label" and #wanted or 1)
    end
    if keep then table.insert(found, volume) end
  end
  return found
end

return filters
