-- The filters of `ps --filter`.
local FILTERS = {
  name = function(c, v) return (c.config.name or ""):find(v, 1, true) end,
  id = function(c, v) return c.id:sub(1, #v) == v end,
  status = function(c, v) return c.state.status == v end,
  health = function(c, v) return (c.state.health or "none") == v end,
  network = function(c, v)
    for _, network in ipairs(c.config.networks or {}) do
      if network.name == v then return true end
    end
    return c.config.network == v
  end,
  project = function(c, v) return (c.config.labels or {})["tinylua.project"] == v end,
  label = function(c, v) return require("tiny.spec.pairs").labelled(c.config.labels, v) end,
}

-- A function that tests a container against a list of filters such as "name=web".
return function(list)
  local all = {}
  for _, text in ipairs(list) do
    local key, value = text:match("^([^=]+)=(.+)$")
    local keeps = FILTERS[key]
      or tiny.fail { message = ("--filter %q has an unknown key; use name=, id=, status=, health=, network=, project= or label="):format(text), exit = 2 }
    table.insert(all, function(c) return keeps(c, value) end)
  end
  return all
end
