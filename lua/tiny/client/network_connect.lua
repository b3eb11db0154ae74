-- Connects and disconnects containers and networks: at once if the container runs, and in its record for the next start. The
-- changes are added to the container's own journal: its supervisor, or gc after a crash, undoes them with the rest.
local attach = require "tiny.net.attach"
local events = require "tiny.store.events"
local scope = require "tiny.scope"
local state = require "tiny.state"
local store = require "tiny.net.store"

local members = {}

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

local function position(list, name, key)
  for i, item in ipairs(list or {}) do
    if item[key] == name then return i end
  end
end

-- The lowest unused interface number.
local function next_number(entries)
  local n = 0
  while position(entries, "eth" .. n, "ifname") do n = n + 1 end
  if n > 25 then wrong("a container has at most 26 networks") end
  return n
end

-- Creates the link of a running container. If this fails, only its own steps are undone.
local function plug(container, network, request)
  local process <close> = state.process(container)
  if not process then return end
  local netns <close> = tiny.open_ns("net", process)
  local entries, config = container.state.networks or {}, container.config
  local ctx = { id = container.id, scope = scope.new(container.dir .. "/undo.jsonl") }
  local way_out = attach.way_out(entries)
  local fenced = config.egress and function(...) require("tiny.egress.keeper").attach(ctx, ...) end
  local made, err = tiny.try(attach.add, ctx, netns, next_number(entries), {
    network = network, ip = request.ip, ip6 = request.ip6, mac_address = request.mac_address, router = request.router, gateway = not way_out and not network.internal,
    names = { config.name, container.id, table.unpack(request.aliases or {}) }, fenced = fenced,
  })
  if made then
    state.update(container, function(s)
      s.networks = s.networks or {}
      table.insert(s.networks, made)
    end)
    return
  end
  ctx.scope.journal = nil -- the journal belongs to the container and also lists what its start has created
  ctx.scope:clear()
  require("tiny.net.bridge").release()
  error(err, 0)
end

function members.connect(container, request)
  local network = store.find(request.name)
  request.name = network.name
  if container.config.network ~= "bridge" then
    wrong(("%s has the network %s, which cannot be combined with others"):format(container.config.name, container.config.network or "none"), "run it with --network bridge or a user-defined network")
  end
  -- Serializes concurrent commands: both would choose the same interface.
  local turn <close> = state.lock(container.dir .. "/connecting")
  container = state.load(container.id) or container
  if position(container.config.networks, network.name, "name") then wrong(("%s is already in network %s"):format(container.config.name, network.name)) end
  require "tiny.net.check" { network = "bridge", networks = { request } }
  container = state.ready(container)
  if container.state.status == "running" then plug(container, network, request) end
  state.change_config(container, function(config) table.insert(config.networks, request) end)
  events.emit(container, "connect", { network = network.name })
end

-- After a container was renamed: gives it its new name on its networks, and takes the old one unless it is also an alias.
function members.rename(id, old)
  local ipam = require "tiny.net.ipam"
  if not ipam.held(id) then return end
  local folder = state.load(id).dir
  local turn <close> = state.lock(folder .. "/connecting")
  local container = state.load(id)
  local ctx, lock <close> = { id = id, scope = scope.new(folder .. "/undo.jsonl") }, store.lock()
  for _, entry in ipairs(container.state.networks or {}) do
    local at, stays = position(container.config.networks, entry.network, "name"), old == id
    for _, alias in ipairs(at and container.config.networks[at].aliases or {}) do stays = stays or alias == old end
    for _, addr in ipairs { entry.addr, entry.addr6 } do
      ipam.name(ctx, { name = entry.network }, addr, { container.config.name })
      if not stays then ipam.unname(id, entry.network, addr, old) end
    end
  end
end

-- A running container has left a network: if this was its way out, the next one gets the default route; if its ports were
-- withdrawn, they are published there. Returns whether they are.
local function move(container, left, withdrawn)
  local rest = {}
  for _, entry in ipairs(container.state.networks) do
    if entry.network ~= left.network then table.insert(rest, entry) end
  end
  local out, process <close> = attach.way_out(rest), state.process(container)
  local target = out or rest[1]
  if not process or not target then return false end
  if out and attach.way_out(container.state.networks).network == left.network then
    local netns <close> = tiny.open_ns("net", process)
    attach.route(netns, out)
  end
  if not withdrawn then return false end
  local ctx = { id = container.id, scope = scope.new(container.dir .. "/undo.jsonl") }
  require("tiny.net.ports").publish(ctx, container.state.ports, target.addr, target.addr6)
  if out then require("tiny.net.bridge").open_loopback(store.load(out.network)) end
  return true
end

function members.disconnect(container, name)
  local network = store.load(name) or store.find(name)
  local turn <close> = state.lock(container.dir .. "/connecting")
  container = state.load(container.id) or container
  local at = position(container.config.networks, network.name, "name")
  if not at then wrong(("%s is not in network %s"):format(container.config.name, network.name)) end
  container = state.ready(container)
  local i = position(container.state.networks, network.name, "network")
  if i then
    local entry = container.state.networks[i]
    local withdrawn = require("tiny.net.ports").withdraw(container.state.ports, entry)
    attach.remove(container, entry)
    local published, err = tiny.try(move, container, entry, withdrawn)
    state.update(container, function(s)
      table.remove(s.networks, position(s.networks, network.name, "network"))
      if withdrawn and not published then s.ports = nil end
    end)
    if err then error(err, 0) end
  end
  state.change_config(container, function(config) table.remove(config.networks, position(config.networks, network.name, "name")) end)
  events.emit(container, "disconnect", { network = network.name })
  require("tiny.net.bridge").release()
end

return members
