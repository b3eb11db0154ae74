-- Draws the networks as a standalone SVG: the host on the left, its bridges in the middle, containers on the right, and a
-- line for each veth pair. Colours have enough contrast on white.
local graph = require "tiny.net.graph"

local STYLE = [[
text { font: 13px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; fill: #1f2933; }
.name { font-weight: 600; } .small { font-size: 11px; fill: #52606d; } .port { font-size: 11px; fill: #8a3b12; }
.host { fill: #f5f7fa; stroke: #9aa5b1; } .bridge { fill: #dbe9f6; stroke: #3e6ea3; } .container { fill: #e8f3e0; stroke: #4f8a2e; }
.link { fill: none; stroke: #52606d; stroke-width: 1.5; } .nat { fill: none; stroke: #3e6ea3; stroke-dasharray: 4 3; } .down { stroke: #c0341d; stroke-dasharray: 2 4; }
]]

local LINE, PAD, GAP = 17, 12, 22
local HOST_X, HOST_W, BRIDGE_X, BRIDGE_W, BOX_X, BOX_W = 20, 150, 250, 200, 580, 280

local function escape(text)
  return (graph.clean(text):gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

local function box(out, class, x, y, w, lines)
  local h = #lines * LINE + PAD * 2 - 4
  table.insert(out, ('<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="6"/>'):format(class, x, y, w, h))
  for i, line in ipairs(lines) do
    table.insert(out, ('<text class="%s" x="%d" y="%d">%s</text>'):format(line[2] or "small", x + PAD, y + PAD + i * LINE - 6, escape(line[1])))
  end
  return h
end

local function container_lines(found, container)
  local lines = { { container.name, "name" } }
  for _, link in ipairs(container.links) do
    table.insert(lines, { ("%s  %s%s"):format(link.name, table.concat(graph.addresses(link), "  "), link.up and "" or "  down") })
  end
  if #container.links == 0 then table.insert(lines, { "network " .. (container.mode or "none") }) end
  for _, port in ipairs(graph.ports_of(found, container.links)) do table.insert(lines, { "published " .. graph.short(port), "port" }) end
  return lines
end

-- Places the containers below each other; returns the line ends at each of them, and the height.
local function containers(out, found)
  local places, y = {}, 20
  for _, container in ipairs(found.containers) do
    local h = box(out, "container", BOX_X, y, BOX_W, container_lines(found, container))
    places[container.id] = y
    y = y + h + GAP
  end
  return places, y
end

local function bridges(out, found, height)
  local places, boxes, total = {}, {}, 0
  for i, bridge in ipairs(found.bridges) do
    boxes[i] = { { bridge.network, "name" }, { bridge.name .. (bridge.internal and "  internal" or "") } }
    for _, addr in ipairs(graph.addresses(bridge)) do table.insert(boxes[i], { addr }) end
    total = total + #boxes[i] * LINE + PAD * 2 - 4 + GAP
  end
  local y = math.max(20, (height - total) // 2)
  for i, bridge in ipairs(found.bridges) do
    local h = box(out, "bridge", BRIDGE_X, y, BRIDGE_W, boxes[i])
    places[bridge.name] = y + h // 2
    y = y + h + GAP
  end
  return places, y
end

local function links(out, found, bridge_at, box_at)
  for _, container in ipairs(found.containers) do
    for i, link in ipairs(container.links) do
      local from, to = bridge_at[link.bridge or ""], box_at[container.id] + PAD + (i + 1) * LINE - 10
      if from then
        local x1, x2, middle = BRIDGE_X + BRIDGE_W, BOX_X, (BRIDGE_X + BRIDGE_W + BOX_X) // 2
        table.insert(out, ('<path class="link%s" d="M%d %d C%d %d %d %d %d %d"/>'):format(link.up and "" or " down", x1, from, middle, from, middle, to, x2, to))
      end
    end
  end
end

local function host(out, found, bridge_at, height)
  local lines = { { "host", "name" } }
  for _, up in ipairs(found.uplinks) do table.insert(lines, { up.name .. (up.via and "  via " .. up.via or "") }) end
  local y = math.max(20, (height - #lines * LINE - PAD * 2) // 2)
  local h = box(out, "host", HOST_X, y, HOST_W, lines)
  for _, bridge in ipairs(found.bridges) do
    local at = bridge_at[bridge.name]
    table.insert(out, ('<path class="nat" d="M%d %d L%d %d"/>'):format(HOST_X + HOST_W, y + h // 2, BRIDGE_X, at))
    if not bridge.internal then
      table.insert(out, ('<text class="small" x="%d" y="%d">NAT</text>'):format((HOST_X + HOST_W + BRIDGE_X) // 2 - 12, (y + h // 2 + at) // 2 + 18))
    end
  end
end

return function(found)
  local out = {}
  local box_at, height = containers(out, found)
  local bridge_at, bottom = bridges(out, found, height)
  height = math.max(height, bottom, 100)
  host(out, found, bridge_at, height)
  links(out, found, bridge_at, box_at)
  local width = BOX_X + BOX_W + 20
  local head = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">'):format(width, height, width, height)
  return table.concat({ head, "<title>Networks of this host's containers</title>", "<style>" .. STYLE .. "</style>", table.concat(out, "\n"), "</svg>\n" }, "\n")
end
