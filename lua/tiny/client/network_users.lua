-- Lists which containers are in which network, or would be if they ran.
local state = require "tiny.state"

local users = {}

-- { [network] = { { id, name, addr, addr6, link, mac_address }, … } } of running containers.
function users.all()
  local all = {}
  for _, container in ipairs(state.list()) do
    for _, entry in ipairs(state.busy(container) and container.state.networks or {}) do
      all[entry.network] = all[entry.network] or {}
      table.insert(all[entry.network], {
        id = container.id, name = container.config.name, addr = entry.addr, addr6 = entry.addr6, link = entry.link, mac_address = entry.mac_address,
      })
    end
  end
  return all
end

-- { [network] = { name, … } } of all recorded containers.
function users.wanted()
  local all = {}
  for _, container in ipairs(state.list()) do
    for _, request in ipairs(container.config.networks or {}) do
      all[request.name] = all[request.name] or {}
      table.insert(all[request.name], container.config.name)
    end
  end
  return all
end

return users
