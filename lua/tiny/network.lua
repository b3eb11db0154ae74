-- The network of a container: none (a loopback of its own), host, or bridge. Every choice that is
-- policy stands here: the bridge's name, its address range, who gets which address.
local network = {}

local MODES = { none = true, host = true, bridge = true }

-- The default bridge: hosts .2 to .254 of a /24, the bridge itself is .1 and their gateway.
local DEFAULT = { bridge = "td0", prefix = "10.10.0.", bits = 24, first = 2, last = 254 }
network.default = DEFAULT

function network.check(spec)
  local mode = spec.network or "none"
  if mode == "isolated" then mode = "bridge" end
  if not MODES[mode] then
    tiny.fail { message = ("network: there is no network %q"):format(mode), hint = "it is one of none, host, bridge", exit = 125 }
  end
  spec.network = mode
end

local function folder()
  return require("tiny.state").roots() .. "/network/" .. DEFAULT.bridge
end

local function locked()
  tiny.mkdir(folder(), { parents = true, mode = tonumber("700", 8) })
  return tiny.flock(folder() .. "/.lock")
end

local function exists(name)
  for _, link in ipairs(tiny.links()) do
    if link.name == name then return true end
  end
end

-- The bridge, its NAT and forwarding are there while a container uses them; the caller has the lock.
-- The bridge comes last, so that one which is there tells that the rest is; what forwarding was is on
-- disk before it changes.
local function bring_up()
  if exists(DEFAULT.bridge) then return end
  if tiny.sysctl("net.ipv4.ip_forward") == "0" then
    tiny.write_file(folder() .. "/.forward", "0")
    tiny.sysctl("net.ipv4.ip_forward", "1"):keep()
  end
  tiny.try(tiny.nat_del, DEFAULT.bridge) -- of a maker that was killed
  tiny.nat({ from = DEFAULT.prefix .. "0/" .. DEFAULT.bits, name = DEFAULT.bridge }):keep()
  tiny.bridge(DEFAULT.bridge, { addr = DEFAULT.prefix .. "1/" .. DEFAULT.bits }):keep()
end

-- How many addresses are leased. One whose container is gone was taken by a process that was killed
-- before it could note so in its journal: it is free again.
local function leases()
  local count, containers = 0, require("tiny.state").roots() .. "/containers/"
  for _, name in ipairs(tiny.list_dir(folder()) or {}) do
    local id = name:sub(1, 1) ~= "." and tiny.read_file(folder() .. "/" .. name)
    if id and id ~= "" and tiny.stat(containers .. id) then
      count = count + 1
    elseif id then
      tiny.remove(folder() .. "/" .. name)
    end
  end
  return count
end

-- Takes the shared parts away when no container uses them any more.
function network.release()
  if not tiny.stat(folder()) then return end
  local lock <close> = locked()
  if leases() > 0 then return end
  tiny.try(tiny.nat_del, DEFAULT.bridge)
  tiny.try(tiny.link_del, DEFAULT.bridge)
  local forward = tiny.read_file(folder() .. "/.forward")
  if not forward then return end
  tiny.sysctl("net.ipv4.ip_forward", forward):keep()
  tiny.remove(folder() .. "/.forward")
end

-- Leases the lowest free address to a container: a file that only one can make.
local function lease(ctx)
  for n = DEFAULT.first, DEFAULT.last do
    local path = folder() .. "/" .. DEFAULT.prefix .. n
    local _, taken = tiny.try(tiny.write_file, path, ctx.id, { exclusive = true })
    if not taken then
      ctx.scope:undo("remove", path)
      return DEFAULT.prefix .. n
    end
    if taken.code ~= "EEXIST" then error(taken, 0) end
  end
  tiny.fail { message = ("every address of %s0/%d is taken"):format(DEFAULT.prefix, DEFAULT.bits), hint = "stop a container: tinylua ps" }
end

local function bridged(ctx)
  local lock <close> = locked()
  ctx.address = lease(ctx)
  bring_up()
  ctx.netns = ctx.scope:add(tiny.netns())
  -- An interface's name has at most 15 bytes: "tl" and the id's twelve digits are 14.
  local name = "tl" .. ctx.id
  ctx.scope:undo("link_del", name)
  tiny.veth_pair({ name = name, bridge = DEFAULT.bridge }, {
    name = "eth0", netns = ctx.netns, addr = ctx.address .. "/" .. DEFAULT.bits, gateway = DEFAULT.prefix .. "1",
  }):keep()
end

-- On the host: makes the container's network namespace, or says that the clone shall.
function network.connect(ctx)
  if ctx.spec.network == "host" then return end
  if ctx.spec.network == "bridge" then return bridged(ctx) end
  ctx.netns = true
end

-- In the container: its loopback, which a new namespace has switched off.
function network.inside(ctx)
  if ctx.spec.network ~= "host" then tiny.link_set("lo", { up = true }) end
end

return network
