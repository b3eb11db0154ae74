-- A container's fence in the kernel: its ranges, its pins, and the mark of its connections. Every change goes through here.
local address = require "tiny.egress.address"
local rules = require "tiny.egress.rules"

local fence = {}

-- A range with more ports is one pin and not one for each port.
local FEW = 16
-- Seconds for which the addresses of this machine are known.
local KNOWN = 5

-- Seconds: a pin outlives its answer by GRACE, and lives at least LEAST and at most MOST. No answer lives longer than LONGEST.
local GRACE, LEAST, MOST = 30, 60, 300
fence.LONGEST = MOST - GRACE

-- The seconds that the pin of an answer lives.
function fence.life(ttl)
  return math.min(math.max(ttl + GRACE, LEAST), MOST)
end

-- The wide ranges of ports that names have, and their places.
local function wide(policy)
  if policy.wide then return policy.wide end
  local list, place = {}, {}
  for _, map in ipairs { policy.names, policy.suffixes } do
    for _, entries in pairs(map) do
      for _, entry in ipairs(entries) do
        local key = ("%s %d-%d"):format(entry.protocol, entry.first, entry.last)
        if entry.last - entry.first >= FEW and not place[key] then
          table.insert(list, { protocol = entry.protocol, first = entry.first, last = entry.last })
          place[key] = #list
        end
      end
    end
  end
  policy.wide, policy.place = list, place
  return list
end

-- The most different wide ranges, each of which is a rule.
local MOST_WIDE = 64

-- Checks that the kernel's rules can express the policy.
function fence.check(policy)
  if #wide(policy) > MOST_WIDE then
    require("tiny.spec.values").wrong(("egress: %d different ranges of ports for names, and at most %d are possible"):format(#policy.wide, MOST_WIDE),
      "use the same range for several names, or *")
  end
end

-- Creates a container's fence, or replaces all but its pins. where: { id, mark, group, netns }.
function fence.set(where, policy, keep_pins)
  tiny.egress_fence(where.id, {
    group = where.group, mark = where.mark, wide = wide(policy), ranges = policy.ask and {} or rules.apart(policy), keep_pins = keep_pins,
    relay = where.relay_port, netns = where.netns,
  }):keep()
end

-- A new mark, which no earlier one equals: a mark is the generation of a container's connections.
function fence.mark()
  return tonumber(tiny.random_id(8), 16) | 1
end

-- The pins of an address for what the rules allow to a name.
function fence.pins(policy, addr, entries)
  wide(policy)
  local list = {}
  for _, entry in ipairs(entries) do
    local place = policy.place[("%s %d-%d"):format(entry.protocol, entry.first, entry.last)]
    if place then
      table.insert(list, { addr = addr, protocol = entry.protocol, wide = place, verify = entry.verify ~= nil })
    else
      for port = entry.first, entry.last do table.insert(list, { addr = addr, protocol = entry.protocol, port = port, verify = entry.verify ~= nil }) end
    end
  end
  return list
end

local own, till = {}, 0
local elsewhere = {}

-- In this process: addresses of the machine that are not in this network namespace.
function fence.deny(addrs)
  for _, addr in ipairs(addrs) do elsewhere[addr] = true end
end

-- Why nothing may lead to this address: the machine itself has it.
function fence.own(addr)
  local now = tiny.clock("monotonic")
  if now >= till then
    own, till = {}, now + KNOWN
    for _, link in ipairs(tiny.links()) do
      for _, cidr in ipairs(link.addrs) do own[cidr:match("^[^/]+")] = true end
    end
  end
  return (own[addr] or elsewhere[addr]) and "an address of this machine" or nil
end

-- Why the answer of a name server cannot allow this address; nil if it can.
function fence.refused(policy, addr)
  local bytes = tiny.parse_addr(addr)
  if address.never(bytes) then return address.never(bytes) end
  if fence.own(addr) then return fence.own(addr) end
  local why = address.private(bytes)
  return why and not rules.covers(policy, addr) and why or nil
end

-- Whether a range of the rules decides about this address, and not its name.
function fence.by_range(addr)
  return address.private(tiny.parse_addr(addr)) ~= nil
end

return fence
