-- The check of what is asked of a container's network.
local wrong = require("tiny.spec.values").wrong

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
      require("tiny.spec.schema").check("network", item, KEYS)
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
  local range, found = require "tiny.net.subnet", require("tiny.net.store").find(wish.name)
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
    spec.network = "container:" .. require("tiny.store.records").find(name).id
  elseif not tiny.stat((word:match("^ns:(.*)$"))) then
    wrong(("network: there is no namespace %s"):format(word:sub(4)), "`ip netns list` shows those below /run/netns")
  else
    spec.network = "ns:" .. require("tiny.spec.values").absolute(word:sub(4))
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
return function(spec)
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
    if tiny.getuid() ~= 0 and (spec.networks or served) then require("tiny.net.rootless").check(spec, list)
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
  if spec.net_rate or spec.net_delay or spec.net_loss then require("tiny.net.traffic_shaping").check(spec) end
end
