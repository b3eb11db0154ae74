-- Draws the snapshot of the networks (tiny.client.network_snapshot): as text, as a graph for dot(1), as a standalone SVG.
local graph = {}

local function clean(text)
  return (require("tiny.format").clean(text))
end

local function addresses(link)
  local list = {}
  for _, addr in ipairs(link.addrs or {}) do
    -- Every link has a link-local address, so it is left out.
    if not addr:match("^fe80:") then table.insert(list, addr) end
  end
  return list
end

-- The ports published through these links.
local function ports_of(found, links)
  local list = {}
  for _, text in ipairs(found.published) do
    for _, link in ipairs(links) do
      for _, addr in ipairs(addresses(link)) do
        local bare = addr:match("^[^/]+")
        if text:find(":" .. bare .. ":", 1, true) or text:find("[" .. bare .. "]", 1, true) then table.insert(list, text) end
      end
    end
  end
  return list
end

-- "8080:10.10.0.2:80/tcp" as "8080 -> 80/tcp".
local function short(port)
  local own, to = port:match("^(.*):%[[^%]]*%]:([^:]+)$")
  if not own then own, to = port:match("^(.*):[^:]+:([^:]+)$") end
  return own and own .. " → " .. to or port
end

function graph.text(found)
  local lines = {}
  local function add(depth, ...) table.insert(lines, ("  "):rep(depth) .. table.concat({ ... }, " ")) end
  for _, up in ipairs(found.uplinks) do add(0, "uplink", up.name, up.via and "via " .. up.via or "") end
  for _, bridge in ipairs(found.bridges) do
    add(0, "bridge", bridge.name, "(network " .. bridge.network .. (bridge.internal and ", internal)" or ")"), table.concat(addresses(bridge), " "))
    for _, container in ipairs(found.containers) do
      for _, link in ipairs(container.links) do
        if link.bridge == bridge.name then
          add(1, link.outer, "──", link.name, clean(container.name), table.concat(addresses(link), " "), link.up and "" or "DOWN")
          for _, port in ipairs(ports_of(found, { link })) do add(2, "published", short(port)) end
        end
      end
    end
  end
  for _, container in ipairs(found.containers) do
    if #container.links == 0 then add(0, "container", clean(container.name), "(network " .. (container.mode or "none") .. ")") end
  end
  for i, line in ipairs(lines) do lines[i] = line:gsub("%s+$", "") end
  return #lines > 0 and table.concat(lines, "\n") .. "\n" or ""
end

local function quoted(...)
  return '"' .. table.concat({ ... }, "\\n"):gsub('"', "'") .. '"'
end

function graph.dot(found)
  local lines = { "graph tinylua {", '  rankdir=LR; node [shape=box, fontname="sans-serif"]; edge [fontname="sans-serif", fontsize=10];' }
  local function add(...) table.insert(lines, "  " .. (...):format(select(2, ...))) end
  for _, up in ipairs(found.uplinks) do add("%s [label=%s];", quoted("link " .. up.name), quoted(up.name, up.via or "")) end
  for _, bridge in ipairs(found.bridges) do
    add("%s [label=%s, style=filled, fillcolor=%s];", quoted("link " .. bridge.name), quoted(bridge.network, bridge.name, table.unpack(addresses(bridge))), quoted("#dbe9f6"))
    for _, up in ipairs(bridge.internal and {} or found.uplinks) do add("%s -- %s [style=dashed, label=nat];", quoted("link " .. up.name), quoted("link " .. bridge.name)) end
  end
  for _, container in ipairs(found.containers) do
    local labels = { clean(container.name) }
    for _, port in ipairs(ports_of(found, container.links)) do table.insert(labels, short(port)) end
    add("%s [label=%s, style=filled, fillcolor=%s];", quoted(container.id), quoted(table.unpack(labels)), quoted("#e8f3e0"))
    for _, link in ipairs(container.links) do
      if link.bridge then add("%s -- %s [label=%s];", quoted("link " .. link.bridge), quoted(container.id), quoted(link.name, table.unpack(addresses(link)))) end
    end
  end
  table.insert(lines, "}")
  return table.concat(lines, "\n") .. "\n"
end

graph.addresses, graph.ports_of, graph.short, graph.clean = addresses, ports_of, short, clean

return graph
