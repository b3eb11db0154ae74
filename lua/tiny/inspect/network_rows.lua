-- The network section of an inspection as rows: kind, name, description, and the key of its origin. Names are as the
-- container chose them; the caller escapes them.
return function(net)
  local rows = {}
  local function add(...) table.insert(rows, { ... }) end
  for _, link in ipairs(net.links) do
    local text = { table.concat(link.addrs or {}, " ") }
    if link.kind then table.insert(text, link.kind) end
    if not link.up then table.insert(text, "down") end
    if link.peer then table.insert(text, ("connected to the host's %s%s"):format(link.peer.name, link.peer.bridge and " in bridge " .. link.peer.bridge or "")) end
    add("link", link.name, table.concat(text, ", "), link.peer and "veth" or nil)
  end
  for _, entry in ipairs(net.networks) do add("network", entry.name or "?", ("%s as %s"):format(entry.addr or "-", entry.ifname or "-"), nil) end
  for _, route in ipairs(net.routes) do
    add("route", route.dst or "?", (route.via and "via " .. route.via .. " " or "") .. (route.dev and "on " .. route.dev or ""), nil)
  end
  for _, one in ipairs(net.listening) do
    add("listens", tostring(one.port), one.addr:find(":", 1, true) and "[" .. one.addr .. "]" or one.addr, nil)
  end
  for _, port in ipairs(net.ports or {}) do
    add("published", ("%d/%s"):format(port.to, port.proto), ("port %d of %s"):format(port.port, port.host or "the host"), "publish")
  end
  return rows
end
