-- IP address management: records which container has which address and names in a network. A lease is the directory
-- leases/ADDRESS@ID, a name is names/NAME/ADDRESS@ID. Each is created and removed with one system call, and the id shows
-- which leases a crash left behind. All functions run under the networks' lock.
local subnet = require "tiny.net.subnet"
local state = require "tiny.store.state"
local store = require "tiny.net.store"

local ipam = {}

local PRIVATE = tonumber("700", 8)

-- Whether the holder may still need its lease. A process that was killed right after taking one has not yet recorded how
-- to release it.
function ipam.held(id)
  local container = state.load(id)
  local status = container and container.state.status
  return container and status ~= "exited" and status ~= "stopped" and status ~= "created" or false
end

-- The leases of a network as { [address] = id }, unordered.
function ipam.all(network)
  local all = {}
  for _, name in ipairs(tiny.list_dir(store.folder(network.name) .. "/leases") or {}) do
    local addr, id = name:match("^(.+)@(%x+)$")
    if addr then all[addr] = id end
  end
  return all
end

local function folder(network, addr, id)
  return ("%s/leases/%s@%s"):format(store.folder(network.name), addr, id)
end

-- Removes leases without a holder.
function ipam.sweep(network)
  for addr, id in pairs(ipam.all(network)) do
    if not ipam.held(id) then tiny.try(tiny.remove, folder(network, addr, id)) end
  end
end

-- Whether any container uses the network. Removes leases without a holder.
function ipam.any(network)
  for addr, id in pairs(ipam.all(network)) do
    if ipam.held(id) then return true end
    tiny.try(tiny.remove, folder(network, addr, id))
  end
  return false
end

local function refuse(addr, network, id)
  local holder = state.load(id)
  tiny.fail {
    message = ("%s in network %s is used by container %s"):format(addr, network.name, holder and holder.config.name or id),
    hint = "omit the address to get a free one", exit = 125,
  }
end

-- The requested address, or the lowest free one.
local function choose(network, range, own, wanted)
  local all = ipam.all(network)
  all[own] = all[own] or ""
  if wanted then
    if all[wanted] == "" then tiny.fail { message = ("%s is the gateway of network %s"):format(wanted, network.name), hint = "omit the address to get a free one", exit = 125 } end
    if all[wanted] and ipam.held(all[wanted]) then refuse(wanted, network, all[wanted]) end
    return wanted, all[wanted]
  end
  for pass = 1, 2 do
    for n = 1, subnet.last(range) do
      local addr = subnet.at(range, n)
      if not all[addr] then return addr end
      -- On the second pass, leases without a holder count as free.
      if pass == 2 and all[addr] ~= "" and not ipam.held(all[addr]) then return addr, all[addr] end
    end
  end
  tiny.fail { message = ("all addresses of %s in network %s are in use"):format(range.text, network.name), hint = "stop a container: tinylua ps --filter network=" .. network.name, exit = 125 }
end

-- Takes an address for the container of `ctx`; its scope releases it. family: "ipv4" or "ipv6".
function ipam.take(ctx, network, family, wanted)
  local range = subnet.parse(family == "ipv4" and network.subnet or network.subnet6)
  local own = family == "ipv4" and network.gateway or network.gateway6
  local addr, dead = choose(network, range, own, wanted)
  if dead then tiny.try(tiny.remove, folder(network, addr, dead)) end
  ctx.scope:undo("remove", folder(network, addr, ctx.id))
  tiny.mkdir(folder(network, addr, ctx.id), { mode = PRIVATE })
  return addr
end

-- Registers a container's names for this address.
function ipam.name(ctx, network, addr, names)
  for _, name in ipairs(names) do
    local place = ("%s/names/%s"):format(store.folder(network.name), name:lower())
    local entry = ("%s/%s@%s"):format(place, addr, ctx.id)
    ctx.scope:undo("remove", entry)
    tiny.mkdir(entry, { parents = true, mode = PRIVATE })
  end
end

-- Removes one of a container's names for this address.
function ipam.unname(id, network_name, addr, name)
  tiny.try(tiny.remove, ("%s/names/%s/%s@%s"):format(store.folder(network_name), name:lower(), addr, id))
end

-- The addresses of a name in a network; nil if no container has it.
function ipam.lookup(network_name, name)
  -- The name comes from a container, so it must not be usable as a path.
  if name:find("[/%z]") or name:sub(1, 1) == "." or #name > 255 then return nil end
  local found = {}
  for _, entry in ipairs(tiny.list_dir(("%s/names/%s"):format(store.folder(network_name), name)) or {}) do
    table.insert(found, entry:match("^(.+)@"))
  end
  return found[1] and found or nil
end

-- The id of the container that has an address in a network, or nil.
function ipam.holder(network_name, addr)
  return ipam.all({ name = network_name })[addr]
end

return ipam
