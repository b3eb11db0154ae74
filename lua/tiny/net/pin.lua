-- Pins a container's link to its own addresses, so that it cannot send from others.
local pin = {}

-- The link-local address that the kernel derives from a MAC address (RFC 4291, modified EUI-64).
local function link_local(mac)
  local bytes = {}
  for byte in mac:gmatch("%x%x") do table.insert(bytes, tonumber(byte, 16)) end
  local a, b, c, d, e, f = table.unpack(bytes)
  return tiny.format_addr("\xfe\x80\0\0\0\0\0\0" .. string.char(a ~ 2, b, c, 0xff, 0xfe, d, e, f))
end

-- The addresses that the link may send from: tiny.pin's options.
function pin.of(entry)
  return { mac_address = entry.mac_address, addr = { entry.addr, entry.addr6, entry.addr6 and link_local(entry.mac_address) }, router = entry.router }
end

-- Pins an existing link again after its pin was flushed.
function pin.restore(entry)
  tiny.pin(entry.link, pin.of(entry)):keep()
end

return pin
