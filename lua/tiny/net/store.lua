-- Networks on record: what was asked of each, in networks/NAME/network.json, and which addresses
-- and names are taken in it, as folders beside it. What is in the kernel is bridge.lua's.
local range = require "tiny.net.subnet"
local state = require "tiny.store.state"

local store = {}

-- The network of `--network bridge`, and what a network gets that asks for nothing else: the first
-- range of the pool that neither a route of the host nor another network has.
store.DEFAULT = "bridge"
store.POOL = { first = "10.10.0.0/24", count = 4096 }
store.POOL6 = { first = "fd10:10::/64", count = 4096 }

local RESERVED = { none = true, host = true, isolated = true, container = true, ns = true, bridge = true }
local PRIVATE = tonumber("700", 8)

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

function store.root()
  return state.roots() .. "/networks"
end

function store.folder(name)
  return store.root() .. "/" .. name
end

-- The lock under which networks and their leases change.
function store.lock()
  tiny.mkdir(store.root(), { parents = true, mode = PRIVATE })
  return state.lock(store.root() .. "/.lock")
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

-- The network that a name or the beginning of an id means.
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
  if ref == "none" or ref == "host" then wrong(("%s is no network, but a word for having %s"):format(ref, ref == "none" and "none" or "the host's"), "tinylua network ls lists them") end
  local names = { "none", "host", store.DEFAULT }
  for _, network in ipairs(store.list()) do
    if network.name ~= store.DEFAULT then table.insert(names, network.name) end
  end
  local near = tiny.did_you_mean(ref, names)
  wrong(("there is no network %q"):format(ref) .. (near and ("; did you mean %q?"):format(near) or ""),
    "tinylua network ls lists them; there are also none, host, container:NAME and ns:PATH")
end

-- What has this range already: a route of the host, or another network. Nil for a free one.
local function taken(wanted, networks)
  for _, network in ipairs(networks) do
    for _, text in ipairs { network.subnet, network.subnet6 } do
      if range.overlap(wanted, range.parse(text)) then return ("network %s has %s"):format(network.name, text) end
    end
  end
  for _, route in ipairs(tiny.routes()) do
    local there = route.dst ~= "default" and range.parse(route.dst)
    if there and there.prefix > 0 and range.overlap(wanted, there) then
      return ("the host has a route to %s%s"):format(route.dst, route.dev and " by " .. route.dev or "")
    end
  end
end
store.taken = taken

local function free(pool, networks)
  local first = range.parse(pool.first)
  local step = first.family == "ipv4" and range.size(first) or nil
  for n = 0, pool.count - 1 do
    local text = step and range.at(first, n * step) or tiny.format_addr(first.bytes:sub(1, 6) .. string.pack(">I2", n) .. first.bytes:sub(9))
    local wanted = range.parse(("%s/%d"):format(text, first.prefix))
    if not taken(wanted, networks) then return wanted end
  end
  wrong(("every range from %s on is in use"):format(pool.first), "name a free one: --subnet")
end

-- The range asked for, checked; nil when none was.
local function asked_range(what, text, family, networks)
  if not text then return nil end
  local wanted = text:find("/", 1, true) and range.parse(text)
  if not wanted or wanted.family ~= family then
    wrong(("%s: %s is not a range such as %s"):format(what, tiny.show(text), family == "ipv4" and "10.20.0.0/24" or "fd20::/64"))
  end
  if range.last(wanted) < 2 then wrong(("%s: %s has no room for a gateway and a container"):format(what, wanted.text), "use a shorter prefix") end
  local by = taken(wanted, networks)
  if by then wrong(("%s: %s overlaps: %s"):format(what, wanted.text, by), "choose another range, or none for a free one") end
  return wanted
end

local function gateway(what, asked, wanted)
  if not asked then return range.at(wanted, 1) end
  if not range.contains(wanted, asked) then wrong(("%s: %s is not in %s"):format(what, tiny.show(asked), wanted.text)) end
  local n = range.number(wanted, asked)
  if n < 1 or n > range.last(wanted) then wrong(("%s: %s is not the address of a host in %s"):format(what, asked, wanted.text)) end
  return asked
end

-- A link of the host of this name, whoever made it.
local function link_exists(name)
  return tiny.stat("/proc/sys/net/ipv4/conf/" .. name) ~= nil
end

-- The default network's bridge is td0, or the next name that no link has.
local function bridge_name(name, id)
  if name ~= store.DEFAULT then return "tb" .. id end
  for n = 0, 99 do
    if not link_exists("td" .. n) then return "td" .. n end
  end
  wrong("the links td0 to td99 are all there", "remove one that nobody uses: ip link del td0")
end

-- Puts a network on record. The caller has the lock.
local function record(asked)
  local networks = store.list()
  local id = tiny.random_id()
  local subnet = asked_range("--subnet", asked.subnet, "ipv4", networks) or free(store.POOL, networks)
  local network = {
    id = id, name = asked.name, driver = "bridge", bridge = bridge_name(asked.name, id), subnet = subnet.text,
    gateway = gateway("--gateway", asked.gateway, subnet), internal = asked.internal or nil, mtu = asked.mtu,
    isolate = asked.isolate ~= false, labels = asked.labels, created_at = tiny.timestamp(),
  }
  if asked.ipv6 or asked.subnet6 then
    local subnet6 = asked_range("--subnet6", asked.subnet6, "ipv6", networks) or free(store.POOL6, networks)
    network.subnet6, network.gateway6 = subnet6.text, gateway("--gateway6", asked.gateway6, subnet6)
  end
  local folder = store.folder(asked.name)
  for _, part in ipairs { "leases", "names" } do tiny.mkdir(folder .. "/" .. part, { parents = true, mode = PRIVATE }) end
  tiny.write_file(folder .. "/network.json", tiny.json_encode(network, { pretty = true }) .. "\n", { mode = tonumber("600", 8) })
  return network
end

-- Makes a network of a name of its own. asked: name, subnet, gateway, ipv6, subnet6, gateway6, internal, isolate, mtu, labels.
function store.create(asked)
  require("tiny.spec.values").check_name(asked.name)
  if require("tiny.base.rootless").is() then
    wrong(("network %q: without root there is one network, and none with a name"):format(asked.name), "--network bridge, pasta or slirp4netns; or run as root")
  end
  if RESERVED[asked.name] then wrong(("the name %q has a meaning of its own"):format(asked.name), "choose another one") end
  if asked.mtu and (asked.mtu < (asked.ipv6 and 1280 or 68) or asked.mtu > 65535) then
    wrong(("--mtu: %d is not from %d to 65535"):format(asked.mtu, asked.ipv6 and 1280 or 68))
  end
  if asked.internal and asked.isolate == false then wrong("--no-isolate: an internal network is closed", "leave one of the two out") end
  if asked.gateway and not asked.subnet then wrong("--gateway needs --subnet", "which range is it in?") end
  if asked.gateway6 and not asked.subnet6 then wrong("--gateway6 needs --subnet6", "which range is it in?") end
  local lock <close> = store.lock()
  if store.load(asked.name) then wrong(("there is a network %q already"):format(asked.name), "choose another name, or remove it: tinylua network rm " .. asked.name) end
  return record(asked)
end

-- The default network, put on record when it is first used.
function store.default()
  local found = store.load(store.DEFAULT)
  if found then return found end
  local lock <close> = store.lock()
  return store.load(store.DEFAULT) or record { name = store.DEFAULT }
end

-- Takes a network off the record. The caller has the lock and has seen that nobody uses it.
function store.forget(name)
  tiny.remove(store.folder(name), { recursive = true })
end

return store
