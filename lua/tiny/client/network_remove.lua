-- Removes a network; with `force`, disconnects its containers first. Returns its name.
local members = require "tiny.client.network_connect"
local state = require "tiny.state"
local store = require "tiny.net.store"
local users = require "tiny.client.network_users"

local function names_of(list)
  local names = {}
  for i, user in ipairs(list) do names[i] = user.name end
  return table.concat(names, ", ")
end

return function(ref, force)
  local network = store.find(ref)
  for _, user in ipairs(force and users.all()[network.name] or {}) do members.disconnect(state.find_any(user.id), network.name) end
  require("tiny.net.bridge").release()
  local lock <close> = store.lock()
  if require("tiny.net.ipam").any(network) then
    tiny.fail {
      message = ("network %s is in use by %s"):format(network.name, names_of(users.all()[network.name] or {})), exit = 125,
      hint = "stop them first, or disconnect them: tinylua network rm -f " .. network.name,
    }
  end
  store.forget(network.name)
  return network.name
end
