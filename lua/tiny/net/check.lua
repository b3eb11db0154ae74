-- Checks a container's network options.
local wrong = require("tiny.spec.values").wrong

-- "NAME[:ip=…,ip6=…,mac=…,alias=…,router]" as a request.
local function parse(text)
  local name, rest = text:match("^([^:]*):?(.*)$")
  local request = { name = name == "isolated" and "bridge" or name }
  for word in rest:gmatch("[^,]+") do
    local key, value = word:match("^(%w+)=(.+)$")
    if key == "alias" then request.aliases = request.aliases or {} table.insert(request.aliases, value)
    elseif key == "mac" then request.mac_address = value
    elseif key == "ip" or key == "ip6" then request[key] = value
    elseif word == "router" then request.router = true
    else wrong(("network: %s is not ip=, ip6=, mac=, alias= or router"):format(tiny.show(word)), "such as --network back:ip=10.20.0.5,alias=db") end
  end
  return request
end

-- Keywords that are not networks of the store; the last two are for rootless containers.
local WORDS = { none = true, host = true, pasta = true, slirp4netns = true }

local KEYS = { name = "string", ip = "string", ip6 = "string", mac_address = "string", aliases = "strings", router = "boolean" }

-- A list of requests and keywords from a recipe or the command line.
local function requests(asked)
  local list = {}
  if type(asked) ~= "table" or asked.name then asked = { asked } end
  for _, item in ipairs(asked) do
    if type(item) == "table" then
      require("tiny.spec.schema").check("network", item, KEYS)
      if not item.name then wrong(("network: %s has no name"):format(tiny.show(item)), 'such as { name = "back", ip = "10.20.0.5" }') end
      list[#list + 1] = item
    elseif item:match("^container:") or item:match("^ns:") then
      list[#list + 1] = { word = item }
    else
      list[#list + 1] = parse(item)
    end
    local request = list[#list]
    if WORDS[request.name] then request.word = request.name end
  end
  return list
end

local function check_request(request)
  for _, key in ipairs { "ip", "ip6" } do
    if request[key] and (not tiny.parse_addr(request[key]) or request[key]:find("/", 1, true)) then wrong(("%s: %s is not an address"):format(key, tiny.show(request[key]))) end
  end
  if request.mac_address and not request.mac_address:match("^" .. ("%x%x:"):rep(5) .. "%x%x$") then
    wrong(("mac_address: %s is not a MAC address"):format(tiny.show(request.mac_address)), "such as 02:00:00:00:00:01")
  end
  for _, name in ipairs(request.aliases or {}) do
    if not name:match("^%w[%w_.-]*$") then wrong(("network: the alias %s is not a name"):format(tiny.show(name))) end
  end
end

-- Checks that the network exists and contains the requested address.
local function check_network(request)
  local subnet, found = require "tiny.net.subnet", require("tiny.net.store").find(request.name)
  request.name = found.name
  for key, range in pairs { ip = found.subnet, ip6 = found.subnet6 or "::/128" } do
    local of = request[key] and subnet.parse(range)
    if of and not subnet.contains(of, request[key]) then
      wrong(("%s: %s is not in network %s, %s"):format(key, request[key], found.name, found.subnet6 and range or found.subnet))
    end
    if of and (subnet.number(of, request[key]) < 1 or subnet.number(of, request[key]) > subnet.last(of)) then
      wrong(("%s: %s is not the address of a host in %s"):format(key, request[key], range))
    end
  end
  return found
end

local function check_shared(spec, word)
  local name = word:match("^container:(.*)$")
  if name then
    -- By id, since another container may have its name at the next start.
    spec.network = "container:" .. require("tiny.store.records").find(name).id
  elseif not tiny.stat((word:match("^ns:(.*)$"))) then
    wrong(("network: no such namespace: %s"):format(word:sub(4)), "`ip netns list` shows those below /run/netns")
  else
    spec.network = "ns:" .. require("tiny.spec.values").absolute(word:sub(4))
  end
end

-- Options that apply to a container's only or first network.
local function of_first(spec, list)
  local first = list[1]
  for _, key in ipairs { "ip", "ip6", "mac_address" } do
    if spec[key] then
      if first.word then wrong(("%s: a network of type %s has no configurable addresses"):format(key, first.word), "add --network bridge") end
      first[key] = spec[key]
    end
  end
  for _, name in ipairs(spec.aliases or {}) do
    if first.word then wrong("aliases: the container joins no network", "add --network bridge") end
    for _, request in ipairs(list) do request.aliases = request.aliases or {} table.insert(request.aliases, name) end
  end
  spec.ip, spec.ip6, spec.mac_address, spec.aliases = nil, nil, nil, nil
end

-- Checks the network options before anything is created and converts them to their final form: spec.network is a keyword
-- ("none", "host", "bridge", "container:ID", "ns:PATH"), spec.networks the list of requests.
return function(spec)
  require("tiny.net.files").check(spec)
  if not spec.networks then
    local list = requests(spec.network or (require("tiny.net.default_network").choose(spec)))
    if #list == 0 then list = { { word = "none" } } end
    of_first(spec, list)
    spec.network = list[1].word or "bridge"
    if list[1].word and #list > 1 then wrong(("network: %s cannot be combined with other networks"):format(list[1].word)) end
    if list[1].word and list[1].word:find(":", 1, true) then check_shared(spec, list[1].word) end
    spec.networks = not list[1].word and list or nil
    local served = list[1].word == "pasta" or list[1].word == "slirp4netns"
    if (spec.networks or served) and require("tiny.base.rootless").is() then require("tiny.net.rootless").check(spec, list)
    elseif served then wrong(("network: %s is for rootless containers"):format(list[1].word), "use --network bridge") end
  end
  local seen, ipv6 = {}, false
  for _, request in ipairs(spec.networks or {}) do
    if request.word then wrong(("network: %s cannot be combined with other networks"):format(request.word)) end
    check_request(request)
    local found = check_network(request)
    ipv6 = ipv6 or found.subnet6 ~= nil
    if seen[request.name] then wrong(("network: %s is given twice"):format(request.name)) end
    seen[request.name] = true
  end
  if spec.publish or spec.expose or spec.publish_all then require("tiny.net.ports").check(spec, ipv6) end
  if spec.net_rate or spec.net_delay or spec.net_loss then require("tiny.net.traffic_shaping").check(spec) end
end
