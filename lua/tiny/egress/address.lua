-- Classes of addresses, and sets of ranges in which an address is found by one lookup per prefix length. Addresses are strings
-- outside and bytes in network order inside.
local address = {}

-- The first `prefix` bits, the rest zero.
local function masked(bytes, prefix)
  local whole, rest = prefix // 8, prefix % 8
  local head = bytes:sub(1, whole)
  if rest > 0 then head = head .. string.char(bytes:byte(whole + 1) & (0xff << (8 - rest)) & 0xff) end
  return head .. ("\0"):rep(#bytes - #head)
end
address.masked = masked

-- The last address that begins with the first `prefix` bits.
function address.last(bytes, prefix)
  local out = {}
  for i = 1, #bytes do
    local bits = math.max(0, math.min(8, prefix - (i - 1) * 8))
    out[i] = string.char(bytes:byte(i) | (0xff >> bits))
  end
  return table.concat(out)
end

-- { ["10.0.0.0/8"] = VALUE, … } as a table that `find` reads.
local function ranges(map)
  local made = { [4] = {}, [16] = {} }
  for text, value in pairs(map) do
    local bytes, prefix = tiny.parse_addr(text)
    local by_prefix = made[#bytes]
    by_prefix[prefix] = by_prefix[prefix] or {}
    by_prefix[prefix][masked(bytes, prefix)] = value
  end
  return made
end

-- The value of a range that contains the address; nil if none does.
local function find(made, bytes)
  for prefix, values in pairs(made[#bytes]) do
    local value = values[masked(bytes, prefix)]
    if value then return value end
  end
end

-- No rule can allow these. The names are those of denials.
local NEVER = ranges {
  ["0.0.0.0/8"] = "loopback", ["127.0.0.0/8"] = "loopback", ["::/128"] = "loopback", ["::1/128"] = "loopback",
  ["169.254.0.0/16"] = "link-local", ["fe80::/10"] = "link-local", ["224.0.0.0/4"] = "multicast", ["ff00::/8"] = "multicast",
  ["240.0.0.0/4"] = "reserved", ["fd00:ec2::254/128"] = "metadata",
}
local METADATA = { ["169.254.169.254"] = true, ["169.254.170.2"] = true, ["fd00:ec2::254"] = true }

-- Only a range of the rules can allow these: the answer of a name server cannot.
local PRIVATE = ranges {
  ["10.0.0.0/8"] = "private", ["172.16.0.0/12"] = "private", ["192.168.0.0/16"] = "private", ["100.64.0.0/10"] = "shared (CGNAT)",
  ["192.0.0.0/24"] = "reserved", ["fc00::/7"] = "private", ["fec0::/10"] = "private", ["2001::/32"] = "Teredo", ["::/96"] = "reserved",
}

-- Where an IPv6 address contains an IPv4 address: the first byte of it.
local EMBEDDED = ranges { ["::ffff:0:0/96"] = 13, ["64:ff9b::/96"] = 13, ["64:ff9b:1::/48"] = 13, ["2002::/16"] = 3 }

-- The IPv4 address in an IPv4-mapped, NAT64 or 6to4 address; otherwise the address itself.
local function unwrapped(bytes)
  local at = #bytes == 16 and find(EMBEDDED, bytes)
  return at and bytes:sub(at, at + 3) or bytes
end

-- Why no rule can allow this address; nil if one can.
function address.never(bytes)
  if METADATA[tiny.format_addr(bytes)] then return "metadata" end
  return find(NEVER, bytes) or find(NEVER, unwrapped(bytes))
end

-- Why the answer of a name server cannot allow this address; nil if it can.
function address.private(bytes)
  return address.never(bytes) or find(PRIVATE, bytes) or find(PRIVATE, unwrapped(bytes))
end

-- The range that contains no address of ours: why it can never be reached.
function address.never_range(bytes, prefix)
  local first, last = address.never(masked(bytes, prefix)), address.never(address.last(bytes, prefix))
  return first and last and first == last and first or nil
end

return address
