-- Address ranges: whether one contains an address, whether two overlap, the n-th address. A range is a table
-- { bytes, prefix, family, text }; addresses are strings outside and bytes in network order inside.
local subnet = {}

-- The first `prefix` bits of an address, the rest zero.
local function masked(bytes, prefix)
  local out = {}
  for i = 1, #bytes do
    local bits = math.max(0, math.min(8, prefix - (i - 1) * 8))
    out[i] = string.char(bytes:byte(i) & (0xff << (8 - bits)) & 0xff)
  end
  return table.concat(out)
end

-- Parses a range, or returns nil. "10.10.0.7/24" is the range that contains this address.
function subnet.parse(text)
  local bytes, prefix = tiny.parse_addr(text)
  if not bytes then return nil end
  bytes = masked(bytes, prefix)
  return { bytes = bytes, prefix = prefix, family = #bytes == 4 and "ipv4" or "ipv6", text = ("%s/%d"):format(tiny.format_addr(bytes), prefix) }
end

function subnet.contains(self, addr)
  local bytes = tiny.parse_addr(addr)
  return bytes and #bytes == #self.bytes and masked(bytes, self.prefix) == self.bytes or false
end

function subnet.overlap(a, b)
  if #a.bytes ~= #b.bytes then return false end
  local shorter = math.min(a.prefix, b.prefix)
  return masked(a.bytes, shorter) == masked(b.bytes, shorter)
end

-- Addresses are counted in their last 32 bits; no network here has more hosts.
local function tail(bytes)
  return string.unpack(">I4", bytes, #bytes - 3)
end

-- The number of addresses in the range.
function subnet.size(self)
  local host = math.min(32, #self.bytes * 8 - self.prefix)
  return 1 << host
end

-- The n-th address; the 0th is the network's. IPv4 is formatted here, for speed.
function subnet.at(self, n)
  if #self.bytes == 4 then
    local a = (tail(self.bytes) + n) & 0xffffffff
    return ("%d.%d.%d.%d"):format(a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255)
  end
  return tiny.format_addr(self.bytes:sub(1, -5) .. string.pack(">I4", (tail(self.bytes) + n) & 0xffffffff))
end

-- The index of an address in the range.
function subnet.number(self, addr)
  return tail((tiny.parse_addr(addr))) - tail(self.bytes)
end

-- The index of the last host; in IPv4 the last address is for broadcasts.
function subnet.last(self)
  return subnet.size(self) - (self.family == "ipv4" and 2 or 1)
end

return subnet
