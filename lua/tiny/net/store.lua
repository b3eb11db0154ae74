-- The store of networks: the configuration of each in networks/NAME/network.json, with directories for the addresses and
-- names in use. tiny.net.bridge manages their state in the kernel.
local subnet = require "tiny.net.subnet"
local state = require "tiny.store.state"

local store = {}

-- The network of `--network bridge`, and the default range of a network: the first one of the pool that overlaps neither a
-- route of the host nor another network.
store.DEFAULT = "bridge"
store.POOL = { first = "10.10.0.0/24", count = 4096 }
store.POOL6 = { first = "fd10:10::/64", count = 4096 }

local RESERVED = { none = true, host = true, isolated = true, container = true, ns = true, bridge = true }
local PRIVATE = tonumber("700", 8)
local SHARED = "/run/tinylua-networks.lock"

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

function store.root()
  return state.roots() .. "/networks"
end

function store.folder(name)
  return store.root() .. "/" .. name
end

-- The lock for changes to networks and their leases.
function store.lock()
  tiny.mkdir(store.root(), { parents = true, mode = PRIVATE })
  return state.lock(store.root() .. "/.lock")
end

-- The lock for what the networks of all state roots share in the kernel: forwarding and the common tables. It is taken after
-- the lock of the state root. Without a writable /run there is no common place for it; then the caller has only its own lock.
function store.shared_lock()
  if tiny.try(tiny.stat, SHARED) or tiny.try(tiny.append_file, SHARED, "", { mode = tonumber("600", 8) }) then return state.lock(SHARED) end
end

-- The network of this name, or nil.
function store.load(name)
  local text = tiny.read_file(store.folder(name) .. "/network.json")
  local network, why = tiny.json_decode(text or "null")
  if not text then return nil end
  if type(network) ~= "table" or type(network.subnet) ~= "string" then
    wrong(("the record of network %s is damaged: %s"):format(name, why or "it has no subnet"), "tinylua network rm -f " .. name)
  end
  return network
end

function store.list()
  local all = {}
  for _, name in ipairs(tiny.list_dir(store.root()) or {}) do
    if name:sub(1, 1) ~= "." then table.insert(all, store.load(name)) end
  end
  return all
end

-- The network with this name or id prefix.
function store.find(ref)
  if ref:match("^%w[%w_.-]*$") then
    if ref == store.DEFAULT then return store.default() end
    local found = store.load(ref)
    if found then return found end
    local matches = {}
    for _, network in ipairs(ref:match("^%x+$") and store.list() or {}) do
      if network.id:sub(1, #ref) == ref then table.insert(matches, network) end
    end
    if #matches == 1 then return matches[1] end
    if #matches > 1 then wrong(("%q is the beginning of the ids of several networks"):format(ref), "write more of it, or a name") end
  end
  if ref == "none" or ref == "host" then wrong(("%s is a keyword, not a network"):format(ref), "`tinylua network ls` lists all networks") end
  local names = { "none", "host", store.DEFAULT }
  for _, network in ipairs(store.list()) do
    if network.name ~= store.DEFAULT then table.insert(names, network.name) end
  end
  local near = tiny.did_you_mean(ref, names)
  wrong(("no such network: %q"):format(ref) .. (near and ("; did you mean %q?"):format(near) or ""),
    "`tinylua network ls` lists all networks; the keywords are none, host, container:NAME and ns:PATH")
end

-- What overlaps this range: a route of the host, or another network. Nil if the range is free.
local function taken(wanted, networks)
  for _, network in ipairs(networks) do
    for _, text in ipairs { network.subnet, network.subnet6 } do
      if subnet.overlap(wanted, subnet.parse(text)) then return ("network %s uses %s"):format(network.name, text) end
    end
  end
  for _, route in ipairs(tiny.routes()) do
    local there = route.dst ~= "default" and subnet.parse(route.dst)
    if there and there.prefix > 0 and subnet.overlap(wanted, there) then
      return ("the host has a route to %s%s"):format(route.dst, route.dev and " by " .. route.dev or "")
    end
  end
end
store.taken = taken

local function free(pool, networks)
  local first = subnet.parse(pool.first)
  local step = first.family == "ipv4" and subnet.size(first) or nil
  for n = 0, pool.count - 1 do
    local text = step and subnet.at(first, n * step) or tiny.format_addr(first.bytes:sub(1, 6) .. string.pack(">I2", n) .. first.bytes:sub(9))
    local wanted = subnet.parse(("%s/%d"):format(text, first.prefix))
    if not taken(wanted, networks) then return wanted end
  end
  wrong(("all ranges from %s on are in use"):format(pool.first), "choose a free one with --subnet")
end

-- The requested range, checked; nil if none was requested.
local function asked_range(what, text, family, networks)
  if not text then return nil end
  local wanted = text:find("/", 1, true) and subnet.parse(text)
  if not wanted or wanted.family ~= family then
    wrong(("%s: %s is not a subnet such as %s"):format(what, tiny.show(text), family == "ipv4" and "10.20.0.0/24" or "fd20::/64"))
  end
  if subnet.last(wanted) < 2 then wrong(("%s: %s is too small for a gateway and a container"):format(what, wanted.text), "use a shorter prefix") end
  local by = taken(wanted, networks)
  if by then wrong(("%s: %s overlaps: %s"):format(what, wanted.text, by), "choose another subnet, or omit it to get a free one") end
  return wanted
end

local function gateway(what, asked, wanted)
  if not asked then return subnet.at(wanted, 1) end
  if not subnet.contains(wanted, asked) then wrong(("%s: %s is not in %s"):format(what, tiny.show(asked), wanted.text)) end
  local n = subnet.number(wanted, asked)
  if n < 1 or n > subnet.last(wanted) then wrong(("%s: %s is not the address of a host in %s"):format(what, asked, wanted.text)) end
  return asked
end

-- Whether the host has a link of this name, created by any program.
local function link_exists(name)
  return tiny.stat("/proc/sys/net/ipv4/conf/" .. name) ~= nil
end

-- The default network's bridge is td0, or the next name without a link.
local function bridge_name(name, id)
  if name ~= store.DEFAULT then return "tb" .. id end
  for n = 0, 99 do
    if not link_exists("td" .. n) then return "td" .. n end
  end
  wrong("the links td0 to td99 all exist", "remove an unused one: ip link del td0")
end

local function write(network)
  tiny.write_file(store.folder(network.name) .. "/network.json", tiny.json_encode(network, { pretty = true }) .. "\n", { mode = tonumber("600", 8), sync = true })
  tiny.fsync(store.root())
end

-- The default network is down and its bridge or range is taken, such as by that of another state root: gives it others. The
-- caller holds both locks.
function store.move_default(network)
  local others = {}
  for _, other in ipairs(store.list()) do
    if other.name ~= network.name then table.insert(others, other) end
  end
  if not link_exists(network.bridge) and not taken(subnet.parse(network.subnet), others) then return end
  local range = free(store.POOL, others)
  network.bridge, network.subnet, network.gateway = bridge_name(network.name), range.text, subnet.at(range, 1)
  write(network)
end

-- Writes a network's record. The caller holds the lock.
local function record(asked)
  local networks = store.list()
  local id = tiny.random_id()
  local range = asked_range("--subnet", asked.subnet, "ipv4", networks) or free(store.POOL, networks)
  local network = {
    id = id, name = asked.name, driver = "bridge", bridge = bridge_name(asked.name, id), subnet = range.text,
    gateway = gateway("--gateway", asked.gateway, range), internal = asked.internal or nil, mtu = asked.mtu,
    isolate = asked.isolate ~= false, labels = asked.labels, created_at = tiny.timestamp(),
  }
  if asked.ipv6 or asked.subnet6 then
    local subnet6 = asked_range("--subnet6", asked.subnet6, "ipv6", networks) or free(store.POOL6, networks)
    network.subnet6, network.gateway6 = subnet6.text, gateway("--gateway6", asked.gateway6, subnet6)
  end
  local folder = store.folder(asked.name)
  for _, part in ipairs { "leases", "names" } do tiny.mkdir(folder .. "/" .. part, { parents = true, mode = PRIVATE }) end
  write(network)
  return network
end

-- Creates a named network. asked: name, subnet, gateway, ipv6, subnet6, gateway6, internal, isolate, mtu, labels.
function store.create(asked)
  require("tiny.spec.values").check_name(asked.name)
  if require("tiny.base.rootless").is() then
    wrong(("network %q: named networks need root"):format(asked.name), "--network bridge, pasta or slirp4netns; or run as root")
  end
  if RESERVED[asked.name] then wrong(("the name %q is reserved"):format(asked.name), "choose another name") end
  if asked.mtu and (asked.mtu < (asked.ipv6 and 1280 or 68) or asked.mtu > 65535) then
    wrong(("--mtu: %d is not between %d and 65535"):format(asked.mtu, asked.ipv6 and 1280 or 68))
  end
  if asked.internal and asked.isolate == false then wrong("--no-isolate: an internal network is always isolated", "omit one of the two options") end
  if asked.gateway and not asked.subnet then wrong("--gateway needs --subnet", "specify the subnet with --subnet") end
  if asked.gateway6 and not asked.subnet6 then wrong("--gateway6 needs --subnet6", "specify the IPv6 subnet with --subnet6") end
  local lock <close> = store.lock()
  if store.load(asked.name) then wrong(("network %q already exists"):format(asked.name), "choose another name, or remove it: tinylua network rm " .. asked.name) end
  return record(asked)
end

-- The default network; creates its record at first use.
function store.default()
  local found = store.load(store.DEFAULT)
  if found then return found end
  local lock <close> = store.lock()
  return store.load(store.DEFAULT) or record { name = store.DEFAULT }
end

-- Removes a network's record. The caller holds the lock and has checked that no container uses it.
function store.forget(name)
  tiny.remove(store.folder(name), { recursive = true })
end

return store
