-- Who has which address and which names in a network. A lease is the folder leases/ADDRESS@ID, a name
-- names/NAME/ADDRESS@ID: making and removing one is one system call, and what a crash left behind is
-- seen by its holder. All of it happens under the networks' lock.
local range = require "tiny.net.subnet"
local state = require "tiny.store.state"
local store = require "tiny.net.store"

local lease = {}

local PRIVATE = tonumber("700", 8)

-- Whether a holder may still need its lease: a maker that was killed right after it took one has not
-- yet noted how to give it back.
function lease.held(id)
  local container = state.load(id)
  local status = container and container.state.status
  return container and status ~= "exited" and status ~= "stopped" and status ~= "created" or false
end

-- The leases of a network as { [address] = id }, in no order.
function lease.all(network)
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

-- Removes the leases that nobody holds.
function lease.sweep(network)
  for addr, id in pairs(lease.all(network)) do
    if not lease.held(id) then tiny.try(tiny.remove, folder(network, addr, id)) end
  end
end

-- Whether anybody uses the network. Leases that nobody holds go.
function lease.any(network)
  for addr, id in pairs(lease.all(network)) do
    if lease.held(id) then return true end
    tiny.try(tiny.remove, folder(network, addr, id))
  end
  return false
end

local function refuse(addr, network, id)
  local holder = state.load(id)
  tiny.fail {
    message = ("%s is taken in network %s by container %s"):format(addr, network.name, holder and holder.config.name or id),
    hint = "leave the address out for a free one", exit = 125,
  }
end

-- The address asked for, or the lowest free one.
local function choose(network, subnet, own, wanted)
  local all = lease.all(network)
  all[own] = all[own] or ""
  if wanted then
    if all[wanted] == "" then tiny.fail { message = ("%s is the gateway of network %s"):format(wanted, network.name), hint = "leave the address out to be given a free one", exit = 125 } end
    if all[wanted] and lease.held(all[wanted]) then refuse(wanted, network, all[wanted]) end
    return wanted, all[wanted]
  end
  for pass = 1, 2 do
    for n = 1, range.last(subnet) do
      local addr = range.at(subnet, n)
      if not all[addr] then return addr end
      -- All are taken: those of the dead are free.
      if pass == 2 and all[addr] ~= "" and not lease.held(all[addr]) then return addr, all[addr] end
    end
  end
  tiny.fail { message = ("every address of %s in network %s is taken"):format(subnet.text, network.name), hint = "stop a container: tinylua ps --filter network=" .. network.name, exit = 125 }
end

-- Takes an address for the container of `ctx`; its scope gives it back. family: "ipv4" or "ipv6".
function lease.take(ctx, network, family, wanted)
  local subnet = range.parse(family == "ipv4" and network.subnet or network.subnet6)
  local own = family == "ipv4" and network.gateway or network.gateway6
  local addr, dead = choose(network, subnet, own, wanted)
  if dead then tiny.try(tiny.remove, folder(network, addr, dead)) end
  ctx.scope:undo("remove", folder(network, addr, ctx.id))
  tiny.mkdir(folder(network, addr, ctx.id), { mode = PRIVATE })
  return addr
end

-- Lets a container be found by these names at this address.
function lease.name(ctx, network, addr, names)
  for _, name in ipairs(names) do
    local place = ("%s/names/%s"):format(store.folder(network.name), name:lower())
    local entry = ("%s/%s@%s"):format(place, addr, ctx.id)
    ctx.scope:undo("remove", entry)
    tiny.mkdir(entry, { parents = true, mode = PRIVATE })
  end
end

-- The addresses that a name has in a network; nil for a name that nobody has.
function lease.lookup(network_name, name)
  -- What a container asks for is no path of ours.
  if name:find("[/%z]") or name:sub(1, 1) == "." or #name > 255 then return nil end
  local found = {}
  for _, entry in ipairs(tiny.list_dir(("%s/names/%s"):format(store.folder(network_name), name)) or {}) do
    table.insert(found, entry:match("^(.+)@"))
  end
  return found[1] and found or nil
end

-- The id of the container that has an address in a network, or nil.
function lease.holder(network_name, addr)
  return lease.all({ name = network_name })[addr]
end

return lease
