-- The rules of `egress`: their syntax, and what they allow. Names are found in a hash, wildcards by walking up the labels of the
-- name, so that the number of rules does not matter.
local address = require "tiny.egress.address"
local wrong = require("tiny.spec.values").wrong

local rules = {}

-- The ports of a rule without any, and the numbers of the protocols.
local WEB = { { 80, 80 }, { 443, 443 } }
rules.PROTOCOLS = { tcp = 6, udp = 17 }
local VERIFY = { sni = true }

local EXAMPLE = 'such as "api.github.com:443", "*.pypi.org" or "10.0.0.0/8:5432/tcp"'

local function refuse(text, why, hint)
  wrong(("egress: %s: %s"):format(tiny.show(text), why), hint or EXAMPLE)
end

local function near(word, known)
  local guess = tiny.did_you_mean(word, known)
  return guess and ("; did you mean %q?"):format(guess) or ""
end

-- Letters, digits and hyphens, as host names have them, and the underscore, which names of containers have.
local function check_label(text, label)
  if label == "" then refuse(text, "a name has no empty label") end
  if #label > 63 then refuse(text, "a label is longer than 63 characters") end
  if label:find("[^%w_-]") or label:find("^%-") or label:find("%-$") then
    refuse(text, ("%s is not a label of a host name"):format(tiny.show(label)), "labels have letters, digits and hyphens; write an international name as xn--…")
  end
end

-- The rule's name in lower case, and whether it is a wildcard.
local function name_of(text, name)
  name = name:lower():gsub("%.$", "")
  if name:find("^%a[%w+.-]*://") then refuse(text, "a rule is no URL", "write only the host and port: api.github.com:443") end
  if name:find("/", 1, true) then refuse(text, "a name has no path, and only an address a prefix length") end
  if name:find("^[%d.]+$") then refuse(text, "not an address") end
  local suffix = name:match("^%*%.(.+)$")
  if name:find("*", 1, true) and (not suffix or suffix:find("*", 1, true)) then
    refuse(text, name == "*" and "it would allow every name" or "* stands for whole labels at the beginning", 'such as "*.example.com"')
  end
  local rest, labels = suffix or name, 0
  for label in (rest .. "."):gmatch("([^.]*)%.") do
    check_label(text, label)
    labels = labels + 1
  end
  if suffix and labels < 2 then refuse(text, ("it would allow every name below .%s"):format(suffix), 'give at least two labels, such as "*.example.com"') end
  if #rest > 253 then refuse(text, "a name is longer than 253 characters") end
  return rest, suffix ~= nil
end

local function number(text, word)
  local port = math.tointeger(tonumber(word))
  if not port or not tostring(word):find("^%d+$") or port < 1 or port > 65535 then
    refuse(text, ("%s is not a port"):format(tiny.show(word)), "ports are 443, 80,443, 8000-8010 or *")
  end
  return port
end

-- "80,443", "8000-8010", "*", or a list of these and of integers, as ranges.
local function ports_of(text, asked)
  if asked == nil then return WEB end
  local list = {}
  for _, item in ipairs(type(asked) == "table" and asked or { asked }) do
    for word in (tostring(item) .. ","):gmatch("([^,]*),") do
      local first, last = word:match("^(%d+)%-(%d+)$")
      if word == "*" then first, last = 1, 65535 else first, last = number(text, first or word), number(text, last or word) end
      if first > last then refuse(text, ("the ports %s go backwards"):format(word), ("such as %d-%d"):format(last, first)) end
      table.insert(list, { first, last })
    end
  end
  if #list == 0 then refuse(text, "it has no ports", "leave them out for 80 and 443, or give * for all") end
  return list
end

local function check_protocol(text, protocol)
  if rules.PROTOCOLS[protocol] then return protocol end
  refuse(text, ("unknown protocol %s%s"):format(tiny.show(protocol), near(protocol, { "tcp", "udp" })), "the protocols are tcp and udp")
end

-- The parts of a rule in a string: { name | cidr, ports, protocol }.
local function split(text)
  if text:find("[%z\1-\32\127]") then refuse(text, "it has a character that no rule has") end
  local rest, protocol = text, nil
  local head, word = text:match("^(.*)/(%a+)$")
  if head and not head:find("/$") then rest, protocol = head, check_protocol(text, word:lower()) end
  local inside, after = rest:match("^%[(.*)%](.*)$")
  if inside then
    if not tiny.parse_addr(inside) then refuse(text, ("%s is not an address"):format(tiny.show(inside))) end
    if after ~= "" and not after:find("^:.") then refuse(text, "after ] comes :PORTS", 'such as "[2001:db8::/32]:443"') end
    return { cidr = inside, ports = after:match("^:(.*)$"), protocol = protocol }
  end
  -- An IPv6 address without brackets has no ports.
  if tiny.parse_addr(rest) then return { cidr = rest, protocol = protocol } end
  if rest:find("://", 1, true) then name_of(text, rest) end
  local host, ports = rest:match("^([^:]*):([^:]*)$")
  if not host and rest:find(":", 1, true) then refuse(text, "an IPv6 address with ports is in brackets", 'such as "[2001:db8::/32]:443"') end
  host = host or rest
  if host == "" then refuse(text, "it has no name") end
  return { [tiny.parse_addr(host) and "cidr" or "name"] = host, ports = ports, protocol = protocol }
end

local KEYS = { name = "string", cidr = "string", ports = "any", protocol = "string", verify = "string" }

local function check_table(asked)
  local known = { "name", "cidr", "ports", "protocol", "verify" }
  for key in pairs(asked) do
    if not KEYS[key] then refuse(asked, ("unknown key %s%s"):format(tiny.show(key), near(tostring(key), known)), "the keys are " .. table.concat(known, ", ")) end
  end
  for key, kind in pairs(KEYS) do
    if kind == "string" and asked[key] ~= nil and type(asked[key]) ~= "string" then refuse(asked, key .. " is not a string") end
  end
  if (asked.name == nil) == (asked.cidr == nil) then refuse(asked, "it has a name or a cidr", 'such as { name = "api.github.com", ports = { 443 } }') end
  if asked.cidr and not tiny.parse_addr(asked.cidr) then refuse(asked, ("%s is not an address or range"):format(tiny.show(asked.cidr))) end
  if asked.verify and not VERIFY[asked.verify] then
    refuse(asked, ("unknown verify %s%s"):format(tiny.show(asked.verify), near(asked.verify, { "sni" })), 'the only check is verify = "sni"')
  end
  return asked
end

-- Adds an address rule.
local function add_range(policy, what, parts, entries)
  local bytes, prefix = tiny.parse_addr(parts.cidr)
  local base = address.masked(bytes, prefix)
  if base ~= bytes then
    refuse(what, "the address has bits beyond its prefix length", ("write %s/%d, or the address alone"):format(tiny.format_addr(base), prefix))
  end
  local never = address.never_range(bytes, prefix)
  if never then refuse(what, ("%s addresses are never reachable"):format(never), "remove the rule") end
  local by_prefix = policy.ranges[#bytes]
  by_prefix[prefix] = by_prefix[prefix] or {}
  local list = by_prefix[prefix][base] or {}
  table.move(entries, 1, #entries, #list + 1, list)
  by_prefix[prefix][base] = list
end

local function add(policy, what, options)
  local parts = type(what) == "table" and check_table(what) or split(what)
  local protocol = check_protocol(what, parts.protocol or "tcp")
  local verify = parts.verify or (protocol == "tcp" and not parts.cidr and options.verify) or nil
  if verify and protocol ~= "tcp" then refuse(what, "only TCP connections can be verified") end
  if verify and parts.cidr then refuse(what, "an address has no name to verify") end
  local entries = {}
  for _, range in ipairs(ports_of(what, parts.ports)) do
    table.insert(entries, { protocol = protocol, first = range[1], last = range[2], verify = verify })
  end
  if parts.cidr then return add_range(policy, what, parts, entries) end
  local name, wildcard = name_of(what, parts.name)
  local map = wildcard and policy.suffixes or policy.names
  map[name] = table.move(entries, 1, #entries, #(map[name] or {}) + 1, map[name] or {})
  policy.verify = policy.verify or verify
end

-- What on_connect may allow for any name.
local ANY = { { protocol = "tcp", first = 1, last = 65535 }, { protocol = "udp", first = 1, last = 65535 } }

-- Parses a list of rules; throws what is wrong with one. options: { verify = "sni" } applies to all names over TCP; ask: the rules
-- allow nothing, but say what may be asked about: "listed", or "all".
function rules.parse(list, options)
  local policy = { ask = options and options.ask, rules = list, names = {}, suffixes = {}, ranges = { [4] = {}, [16] = {} } }
  for _, what in ipairs(list) do
    if what == "none" and #list > 1 then wrong('egress: "none" allows nothing, so it has no rules beside it', "remove it, or the rules") end
    if what ~= "none" then add(policy, what, options or {}) end
  end
  return policy
end

-- What the rules allow for a name: a list of { protocol, first, last, verify }, or nil if none has it. The name is in lower case
-- without the final dot.
function rules.match(policy, name)
  if policy.ask == "all" then return ANY end
  local found = policy.names[name]
  local copied, at = false, name:find(".", 1, true)
  while at do
    local more = policy.suffixes[name:sub(at + 1)]
    if more then
      if not copied then found, copied = table.move(found or {}, 1, #(found or {}), 1, {}), true end
      table.move(more, 1, #more, #found + 1, found)
    end
    at = name:find(".", at + 1, true)
  end
  return found
end

-- Whether one of these entries allows a port.
function rules.allows(entries, protocol, port)
  for _, entry in ipairs(entries or {}) do
    if entry.protocol == protocol and entry.first <= port and port <= entry.last then return true end
  end
  return false
end

-- Whether a rule with an address allows it; without a port: whether one has the address at all.
function rules.covers(policy, addr, protocol, port)
  local bytes = tiny.parse_addr(addr)
  if not bytes or address.never(bytes) then return false end
  for prefix, by_base in pairs(policy.ranges[#bytes]) do
    local entries = by_base[address.masked(bytes, prefix)]
    if entries and (not port or rules.allows(entries, protocol, port)) then return true end
  end
  return false
end

-- Subtracts a range of ports from a list of ranges.
local function without(list, first, last)
  local left = {}
  for _, range in ipairs(list) do
    if range[1] < first then table.insert(left, { range[1], math.min(range[2], first - 1) }) end
    if range[2] > last then table.insert(left, { math.max(range[1], last + 1), range[2] }) end
  end
  return left
end

-- The entries of all wider ranges around one.
local function around(by_prefix, base, prefix)
  local found = {}
  for wider, by_base in pairs(by_prefix) do
    local entries = wider < prefix and by_base[address.masked(base, wider)]
    if entries then table.move(entries, 1, #entries, #found + 1, found) end
  end
  return found
end

-- The rules with addresses as ranges that do not overlap, as the kernel's sets need them: a list of { cidr, protocol, first, last }.
function rules.apart(policy)
  local list = {}
  for _, by_prefix in pairs(policy.ranges) do
    for prefix, by_base in pairs(by_prefix) do
      for base, entries in pairs(by_base) do
        local covered = around(by_prefix, base, prefix)
        for _, entry in ipairs(entries) do
          local left = { { entry.first, entry.last } }
          for _, other in ipairs(covered) do
            if other.protocol == entry.protocol then left = without(left, other.first, other.last) end
          end
          table.insert(covered, entry)
          for _, range in ipairs(left) do
            table.insert(list, { cidr = ("%s/%d"):format(tiny.format_addr(base), prefix), protocol = entry.protocol, first = range[1], last = range[2] })
          end
        end
      end
    end
  end
  return list
end

return rules
