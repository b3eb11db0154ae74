-- Sets up a container's network: none (only loopback), host, one or more networks, another container's, or an existing
-- namespace. tiny.net.store manages networks; tiny.net.attach connects a container to one.
local network = {}

-- Checks a spec's network options before anything is created, and converts them to their final form.
function network.check(spec)
  require "tiny.net.check"(spec)
  if spec.egress or spec.egress_verify or spec.egress_ech or spec.on_connect or spec.egress_learn then require "tiny.egress.check"(spec) end
end

-- Joins the networks in order; the first one that is not internal has the default route.
local function join(ctx)
  local attach, ports, store = require "tiny.net.attach", require "tiny.net.ports", require "tiny.net.store"
  -- A container that was disconnected from all its networks has none left, as in docker; it can join others later.
  local held = ctx.spec.networks[1] and ports.reserve(ctx) or {}
  ctx.netns, ctx.networks = ctx.scope:add(tiny.netns { user = ctx.userns }), {}
  tiny.link_set("lo", { netns = ctx.netns, up = true })
  local keeper, fenced = ctx.spec.egress and require "tiny.egress.keeper", nil
  if keeper then
    keeper.prepare(ctx)
    fenced = function(...) keeper.attach(ctx, ...) end
  end
  local way_out
  for i, asked in ipairs(ctx.spec.networks) do
    local found = store.find(asked.name)
    local names = { ctx.name, ctx.id, table.unpack(asked.aliases or {}) }
    local request = { network = found, ip = asked.ip, ip6 = asked.ip6, mac_address = asked.mac_address, names = names, router = asked.router, gateway = not way_out and not found.internal, fenced = fenced }
    ctx.networks[i] = attach.add(ctx, ctx.netns, i - 1, request)
    way_out = way_out or not found.internal and ctx.networks[i]
  end
  local first = way_out or ctx.networks[1]
  if first then ports.publish(ctx, held, first.addr, first.addr6) end
  -- Last, since the rules for published ports also drop packets to loopback addresses.
  if #held > 0 and way_out then require("tiny.net.bridge").open_loopback(store.find(way_out.network)) end
  ctx.ports = #held > 0 and held or nil
  if ctx.spec.net_rate or ctx.spec.net_delay or ctx.spec.net_loss then require("tiny.net.traffic_shaping").apply(ctx) end
  -- The fence exists; the container's processes are made while its keeper starts.
  if keeper then return keeper.start(ctx, { netns = ctx.netns, later = true }) end
  require("tiny.net.resolver").open(ctx)
end

-- Joins another container's namespace, and shares its files.
local function share(ctx, id)
  local state = require "tiny.store.state"
  local other = state.ready(require("tiny.store.records").find(id))
  local process <close> = state.process(other)
  if not process then
    tiny.fail { message = ("network: container %s is not running"):format(other.config.name), hint = "tinylua start " .. other.config.name, exit = 125 }
  end
  ctx.netns = ctx.scope:add(tiny.open_ns("net", process))
  ctx.shares = tiny.stat(other.dir .. "/hosts") and other.dir or nil
end

-- On the host: creates the container's network namespace, or lets the clone create it.
function network.connect(ctx)
  local mode = ctx.spec.network
  if mode == "bridge" then
    join(ctx)
  elseif mode:match("^container:") then
    share(ctx, mode:sub(11))
  elseif mode == "pasta" or mode == "slirp4netns" then
    require(ctx.spec.egress and "tiny.egress.router" or "tiny.net.rootless").connect(ctx)
  elseif mode:match("^ns:") then
    ctx.netns = ctx.scope:add(tiny.open_ns("net", mode:sub(4)))
  elseif mode ~= "host" and ctx.userns and not ctx.rootless then
    -- It must belong to the user namespace that the container joins later.
    ctx.netns = ctx.scope:add(tiny.netns { user = ctx.userns })
    tiny.link_set("lo", { netns = ctx.netns, up = true })
  elseif mode ~= "host" then
    ctx.netns = true
  end
  -- The check has refused every other mode; a gap in it must not open the network.
  if ctx.spec.egress and not ctx.egress and mode ~= "none" then tiny.fail { message = ("egress: the rules cannot be enforced in network mode %s"):format(mode), exit = 125 } end
  require("tiny.net.files").write(ctx)
end

-- In the container: brings up loopback, which is down in a new namespace.
function network.inside(ctx)
  local served = ctx.spec.network == "pasta" or ctx.spec.network == "slirp4netns"
  if ctx.netns == true or served then tiny.link_set("lo", { up = true }) end
end

-- After a supervisor was killed: restores what its successor must hold and serve.
function network.recover(ctx)
  ctx.networks = ctx.record.state.networks
  if ctx.spec.egress and ctx.spec.network ~= "none" then tiny.try(require("tiny.egress.keeper").recover, ctx) end
  if not ctx.networks then return end
  -- If the container has ended in the meantime, there is nothing to serve.
  local netns <close> = tiny.try(tiny.open_ns, "net", ctx.process) or nil
  if not netns then return end
  for _, port in ipairs(ctx.record.state.ports or {}) do
    local handle = tiny.try(tiny.reserve_port, ("%d/%s"):format(port.port, port.proto), { addr = port.host or "0.0.0.0" })
    if handle then ctx.scope:add(handle) end
  end
  ctx.netns = netns
  if not ctx.spec.egress then tiny.try(require("tiny.net.resolver").open, ctx) end
  ctx.netns = nil
end

-- Releases what dead containers held; used by gc.
function network.sweep()
  require("tiny.net.bridge").sweep()
end

-- Removes what containers share when no container uses it any more.
function network.release()
  require("tiny.net.bridge").release()
end

return network
