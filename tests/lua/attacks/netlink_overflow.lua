-- CVE-2021-43784: a length that wraps around in a netlink message turns its data into attributes. Any value is refused
-- or transmitted completely; no part of it takes effect as an attribute.
local check = require "check"

-- An attribute as the kernel reads it: length, type, value. IFLA_MTU 1234, many times.
local function attributes(bytes)
  local one = string.pack("=I2I2I4", 8, 4, 1234)
  return one:rep(bytes // #one + 1):sub(1, bytes):gsub("%z", "\1")
end

check.inside({ net = true }, function()
  tiny.link_set("lo", { up = true })
  -- Without nftables, this part is refused for that reason alone.
  local nft = tiny.try(tiny.nft_chains) ~= nil
  local function chains() return nft and #tiny.nft_chains() or 0 end
  local links, chains_before = #tiny.links(), chains()
  local tried = 0
  local function refused(f, ...)
    local made, err = tiny.try(f, ...)
    tried = tried + 1
    if not err then error("not refused: " .. tiny.show(made), 2) end
    check.equal(#tiny.links(), links, "links")
    check.equal(chains(), chains_before, "chains")
  end
  -- Around each limit: the 16 bytes of a name, the 64 KiB of an attribute, and the remainder after wrapping.
  for _, length in ipairs { 16, 255, 256, 65530, 65531, 65532, 65535, 65536, 65540, 65551, 65552, 131072, 131079, 1048576 } do
    for _, text in ipairs { ("x"):rep(length), (attributes(length)) } do
      refused(tiny.bridge, text)
      refused(tiny.bridge, "ok", { mac_address = text })
      refused(tiny.link_set, text, { up = true })
      refused(tiny.link_set, "lo", { name = text })
      refused(tiny.link_del, text)
      refused(tiny.veth_pair, { name = text }, { name = "b" })
      refused(tiny.veth_pair, { name = "a" }, { name = text })
      refused(tiny.addr_add, text, "10.0.0.1/24")
      refused(tiny.route_add, "10.9.0.0/16", { dev = text })
      refused(tiny.qdisc_set, text, { rate = "1mbit", burst = "32k", latency = "50ms" })
      refused(tiny.publish, "80:" .. text .. ":80")
      refused(tiny.nat, { from = "10.0.0.0/24", publish = { text } })
      if length > 255 then
        refused(tiny.nat, { from = "10.0.0.0/24", name = text })
        refused(tiny.isolate, "lo", { name = text })
      end
      refused(tiny.isolate, text)
    end
  end
  -- With a name of valid length the same calls succeed: the length was the reason for the refusal.
  local bridge <close> = tiny.bridge(("b"):rep(15))
  check.equal(#tiny.links(), links + 1)
  print(tried .. " tries")
  if not nft then return end

  -- Long lists do not fit into one attribute: all items arrive, and nothing else.
  local ports, names = {}, {}
  for port = 1, 6000 do
    ports[port] = ("%d:10.10.0.2:%d"):format(port, port)
    names[ports[port]] = true
  end
  local published <close> = tiny.publish(ports)
  local found = tiny.published()
  check.equal(#found, #ports)
  for _, text in ipairs(found) do check.equal(names[text], true, text) end
end)
