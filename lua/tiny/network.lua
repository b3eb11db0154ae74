-- The network of a container: none (a loopback of its own), host, one or more networks, another
-- container's, or a namespace that is there. What a network is stands in tiny.net.store, how a
-- container joins one in tiny.net.attach.
local network = {}

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

-- "NAME[:ip=…,ip6=…,mac=…,alias=…,router]" as a wish.
local function parse(text)
  local name, rest = text:match("^([^:]*):?(.*)$")
  local wish = { name = name == "isolated" and "bridge" or name }
  for word in rest:gmatch("[^,]+") do
    local key, value = word:match("^(%w+)=(.+)$")
    if key == "alias" then wish.aliases = wish.aliases or {} table.insert(wish.aliases, value)
    elseif key == "ip" or key == "ip6" or key == "mac" then wish[key] = value
    elseif word == "router" then wish.router = true
    else wrong(("network: %s is not ip=, ip6=, mac=, alias= or router"):format(tiny.show(word)), "such as --network back:ip=10.20.0.5,alias=db") end
  end
  return wish
end

-- What stands for no network of the store's; the last two are an ordinary user's.
local WORDS = { none = true, host = true, pasta = true, slirp4netns = true }

local KEYS = { name = "string", ip = "string", ip6 = "string", mac = "string", aliases = "strings", router = "boolean" }

-- What a recipe or the command line says, as a list of wishes and of words that stand for no network.
local function wishes(asked)
  local list = {}
  for _, item in ipairs(type(asked) == "table" and asked or { asked }) do
    if type(item) == "table" then
      require("tiny.schema").check("network", item, KEYS)
      list[#list + 1] = item
    elseif item:match("^container:") or item:match("^ns:") then
      list[#list + 1] = { word = item }
    else
      list[#list + 1] = parse(item)
    end
    local wish = list[#list]
    if WORDS[wish.name] then wish.word = wish.name end
  end
  return list
end

local function check_wish(wish)
  for _, key in ipairs { "ip", "ip6" } do
    if wish[key] and (not tiny.parse_addr(wish[key]) or wish[key]:find("/", 1, true)) then wrong(("%s: %s is not an address"):format(key, tiny.show(wish[key]))) end
  end
  if wish.mac and not wish.mac:match("^" .. ("%x%x:"):rep(5) .. "%x%x$") then
    wrong(("mac_address: %s is not a hardware address"):format(tiny.show(wish.mac)), "such as 02:00:00:00:00:01")
  end
  for _, name in ipairs(wish.aliases or {}) do
    if not name:match("^%w[%w_.-]*$") then wrong(("network: the alias %s is not a name"):format(tiny.show(name))) end
  end
end

-- That the network is there and has the address that is asked for.
local function check_network(wish)
  local range, found = require "tiny.net.range", require("tiny.net.store").find(wish.name)
  wish.name = found.name
  for key, subnet in pairs { ip = found.subnet, ip6 = found.subnet6 or "::/128" } do
    local of = wish[key] and range.parse(subnet)
    if of and not range.contains(of, wish[key]) then
      wrong(("%s: %s is not in network %s, %s"):format(key, wish[key], found.name, found.subnet6 and subnet or found.subnet))
    end
    if of and (range.number(of, wish[key]) < 1 or range.number(of, wish[key]) > range.last(of)) then
      wrong(("%s: %s is not the address of a host in %s"):format(key, wish[key], subnet))
    end
  end
  return found
end

local function check_shared(spec, word)
  local name = word:match("^container:(.*)$")
  if name then
    -- By its id: its name may be another's by the next start.
    spec.network = "container:" .. require("tiny.state").find(name).id
  elseif not tiny.stat((word:match("^ns:(.*)$"))) then
    wrong(("network: there is no namespace %s"):format(word:sub(4)), "`ip netns list` shows those below /run/netns")
  else
    spec.network = "ns:" .. require("tiny.spec").absolute(word:sub(4))
  end
end

-- Options for a container's only or first network.
local function of_first(spec, list)
  local first = list[1]
  for option, key in pairs { ip = "ip", ip6 = "ip6", mac_address = "mac" } do
    if spec[option] then
      if first.word then wrong(("%s: a network of type %s has no address to choose"):format(option, first.word), "add --network bridge") end
      first[key] = spec[option]
    end
  end
  for _, name in ipairs(spec.aliases or {}) do
    if first.word then wrong("aliases: names are found in a network, and there is none", "add --network bridge") end
    for _, wish in ipairs(list) do wish.aliases = wish.aliases or {} table.insert(wish.aliases, name) end
  end
  spec.ip, spec.ip6, spec.mac_address, spec.aliases = nil, nil, nil, nil
end

-- Checks everything about the network before anything acts, and puts it in its final form:
-- spec.network is a word ("none", "host", "bridge", "container:ID", "ns:PATH"), spec.networks the wishes.
function network.check(spec)
  require("tiny.net.files").check(spec)
  if not spec.networks then
    local list = wishes(spec.network or "none")
    if #list == 0 then list = { { word = "none" } } end
    of_first(spec, list)
    spec.network = list[1].word or "bridge"
    if list[1].word and #list > 1 then wrong(("network: %s goes with no other"):format(list[1].word)) end
    if list[1].word and list[1].word:find(":", 1, true) then check_shared(spec, list[1].word) end
    spec.networks = not list[1].word and list or nil
    local served = list[1].word == "pasta" or list[1].word == "slirp4netns"
    if tiny.getuid() ~= 0 and (spec.networks or served) then require("tiny.net.userland").check(spec, list)
    elseif served then wrong(("network: %s is for containers without root"):format(list[1].word), "--network bridge has what root needs") end
  end
  local seen, ipv6 = {}, false
  for _, wish in ipairs(spec.networks or {}) do
    if wish.word then wrong(("network: %s goes with no other"):format(wish.word)) end
    check_wish(wish)
    local found = check_network(wish)
    ipv6 = ipv6 or found.subnet6 ~= nil
    if seen[wish.name] then wrong(("network: %s is named twice"):format(wish.name)) end
    seen[wish.name] = true
  end
  if spec.publish or spec.expose or spec.publish_all then require("tiny.net.ports").check(spec, ipv6) end
  if spec.net_rate or spec.net_delay or spec.net_loss then require("tiny.net.shape").check(spec) end
end

-- Joins the networks in their order; the first that is not internal has the default route.
local function join(ctx)
  local attach, ports, store = require "tiny.net.attach", require "tiny.net.ports", require "tiny.net.store"
  local held = ports.reserve(ctx)
  ctx.netns, ctx.networks = ctx.scope:add(tiny.netns { user = ctx.userns }), {}
  tiny.link_set("lo", { netns = ctx.netns, up = true })
  local way_out
  for i, asked in ipairs(ctx.spec.networks) do
    local found = store.find(asked.name)
    local names = { ctx.name, ctx.id, table.unpack(asked.aliases or {}) }
    local wish = { network = found, ip = asked.ip, ip6 = asked.ip6, mac = asked.mac, names = names, router = asked.router, gateway = not way_out and not found.internal }
    ctx.networks[i] = attach.add(ctx, ctx.netns, i - 1, wish)
    way_out = way_out or not found.internal and ctx.networks[i]
  end
  local first = way_out or ctx.networks[1]
  ports.publish(ctx, held, first.addr, first.addr6)
  -- Only now: what publishes ports also keeps packets for the loopback address out.
  if #held > 0 and way_out then require("tiny.net.bridge").open_loopback(store.find(way_out.network)) end
  ctx.ports = #held > 0 and held or nil
  if ctx.spec.net_rate or ctx.spec.net_delay or ctx.spec.net_loss then require("tiny.net.shape").apply(ctx) end
  require("tiny.net.resolver").open(ctx)
end

-- Another container's namespace, and its files.
local function share(ctx, id)
  local state = require "tiny.state"
  local other = state.ready(state.find(id))
  local process <close> = state.process(other)
  if not process then
    tiny.fail { message = ("network: container %s is not running"):format(other.config.name), hint = "tinylua start " .. other.config.name, exit = 125 }
  end
  ctx.netns = ctx.scope:add(tiny.open_ns("net", process))
  ctx.shares = tiny.stat(other.dir .. "/hosts") and other.dir or nil
end

-- On the host: makes the container's network namespace, or says that the clone shall.
function network.connect(ctx)
  local mode = ctx.spec.network
  if mode == "bridge" then
    join(ctx)
  elseif mode:match("^container:") then
    share(ctx, mode:sub(11))
  elseif mode == "pasta" or mode == "slirp4netns" then
    require("tiny.net.userland").connect(ctx)
  elseif mode:match("^ns:") then
    ctx.netns = ctx.scope:add(tiny.open_ns("net", mode:sub(4)))
  elseif mode ~= "host" and ctx.userns and not ctx.rootless then
    -- It is to belong to the user namespace, which the container joins later.
    ctx.netns = ctx.scope:add(tiny.netns { user = ctx.userns })
    tiny.link_set("lo", { netns = ctx.netns, up = true })
  elseif mode ~= "host" then
    ctx.netns = true
  end
  -- Without a network nothing has to be found, and a start is not to wait for files.
  if mode ~= "none" or ctx.spec.add_hosts or ctx.spec.dns then require("tiny.net.files").write(ctx) end
end

-- In the container: its loopback, which a new namespace has switched off.
function network.inside(ctx)
  local served = ctx.spec.network == "pasta" or ctx.spec.network == "slirp4netns"
  if ctx.netns == true or served then tiny.link_set("lo", { up = true }) end
end

-- After a supervisor was killed: what its successor has to hold and to serve.
function network.adopt(ctx)
  ctx.networks = ctx.record.state.networks
  if not ctx.networks then return end
  -- It may have ended meanwhile: then there is nothing to serve.
  local netns <close> = tiny.try(tiny.open_ns, "net", ctx.process) or nil
  if not netns then return end
  for _, port in ipairs(ctx.record.state.ports or {}) do
    local handle = tiny.try(tiny.reserve_port, ("%d/%s"):format(port.port, port.proto), { addr = port.host or "0.0.0.0" })
    if handle then ctx.scope:add(handle) end
  end
  ctx.netns = netns
  tiny.try(require("tiny.net.resolver").open, ctx)
  ctx.netns = nil
end

-- Gives back what the dead had: gc's.
function network.sweep()
  require("tiny.net.bridge").sweep()
end

-- Takes what containers share away when none uses it any more.
function network.release()
  require("tiny.net.bridge").release()
end

return network
