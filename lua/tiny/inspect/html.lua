-- An inspection as a standalone HTML page: no scripts, and no images, fonts or styles from elsewhere. A content security
-- policy in its head forbids them, in case a text gets through as markup.
local markup = require "tiny.inspect.markup"
local labels = require "tiny.inspect.labels"

local h = markup.h
local POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

-- The lines that created a part, with their code.
local function from(origin)
  local lines = {}
  for _, key in ipairs { "recipe", "shipped" } do
    local one = origin and origin[key]
    if one then table.insert(lines, h.div({}, h.span({ class = "place " .. key }, one.place), h.code({}, one.code))) end
  end
  return #lines > 0 and h.div({ class = "from" }, lines) or nil
end

-- Only the positions of these lines.
local function positions(origin)
  local list = {}
  for _, key in ipairs { "recipe", "shipped" } do
    local one = origin and origin[key]
    if one then table.insert(list, h.span({ class = "place " .. key, title = one.code }, one.place)) end
  end
  return h.span({ class = "places" }, list)
end

local function section(id, title, lead, ...)
  return h.section({ id = id }, h.h2({}, title), lead and h.p({ class = "lead" }, lead), ...)
end

local function tree(nodes, row)
  local items = {}
  for i, node in ipairs(nodes) do items[i] = h.li({}, row(node), #node.children > 0 and tree(node.children, row) or nil) end
  return h.ul({ class = "tree" }, items)
end

local function more(number) return number and number > 0 and h.p({}, ("… %d more"):format(number)) or nil end

local function processes(self)
  return section("processes", "Processes", nil, from(self.origin.exec), tree(self.processes, function(p)
    local say = ("host pid %d, uid %s, %s, %s, %.2f s of CPU"):format(p.pid, p.user or "-", p.state, labels.size(p.memory), p.cpu_seconds or 0)
    return h.div({ class = "row" }, h.span({ class = "what mono" }, p.inside or p.pid), h.code({}, p.command), h.span({ class = "say" }, say))
  end), more(self.left_out and self.left_out.processes))
end

local function namespaces(self)
  local tiles = {}
  for i, one in ipairs(self.namespaces) do
    local whose, means = labels.namespace(one)
    local numbers = one.own and ("%s ≠ %d"):format(one.inode, one.host) or tostring(one.inode or "")
    tiles[i] = h.div({ class = one.own and "tile own" or "tile" }, h.span({ class = one.own and "badge own" or "badge" }, whose), h.b({}, one.kind),
      h.p({}, means), h.span({ class = "mono" }, numbers))
  end
  return section("namespaces", "Namespaces", "Compared with the host's: own or shared; the numbers are the kernel's ids of both.", from(self.origin.namespaces), h.div({ class = "tiles" }, tiles),
    h.dl({}, h.dt({}, "users"), h.dd({}, labels.map(self.maps.uid)), h.dt({}, "groups"), h.dd({}, labels.map(self.maps.gid))))
end

local function mounts(self)
  return section("mounts", "Mounts", "As the container sees them, each with its source.", tree(self.mounts, function(mount)
    return h.div({ class = "row" }, h.code({ class = "what" }, mount.target), h.span({ class = "badge ro" }, mount.fstype .. (mount.read_only and ", ro" or "")),
      h.span({ class = "say" }, labels.mount(mount)), positions(mount.origin))
  end), more(self.left_out and self.left_out.mounts))
end

local function grid(titles, rows)
  local head, body = {}, {}
  for i, title in ipairs(titles) do head[i] = h.th({}, title) end
  for i, row in ipairs(rows) do
    local cells = {}
    for n in ipairs(titles) do cells[n] = h.td({ ["data-name"] = n > 1 and titles[n] ~= "" and titles[n] or false }, row[n] or "") end
    body[i] = h.tr({}, cells)
  end
  local named = table.concat(titles) ~= ""
  return h.table({}, named and h.thead({}, h.tr({}, head)) or nil, h.tbody({}, body))
end

local function layers(self)
  local rows, left = labels.layers(self)
  return section("layers", "Layers", "Of its root, topmost first.", grid({ "layer", "size", "made by" }, rows), more(left))
end

local function limits(self)
  if not self.cgroup then return section("limits", "Limits and usage", "It has no cgroup of its own, and so no limits.") end
  local rows = {}
  for i, row in ipairs(labels.limits(self.cgroup)) do
    local bar = row.share and h.span({ class = "bar" }, h.span({ style = ("width:%.1f%%"):format(math.max(row.share * 100, 0.5)) }, ""))
    rows[i] = { h.b({}, row.what), row.used, row.limit, bar or "", row.limit ~= "no limit" and positions(self.origin[row.key]) or "" }
  end
  local events = labels.events(self.cgroup.stats)
  return section("limits", "Limits and usage", nil, from(self.origin.cgroup), grid({ "", "uses", "of", "", "" }, rows),
    h.dl({}, h.dt({}, "cgroup"), h.dd({}, h.code({}, self.cgroup.path)), events and { h.dt({}, "so far"), h.dd({}, events) } or nil))
end

-- Equal sets are shown once.
local function capabilities(self)
  local shown, order = {}, {}
  for _, set in ipairs { "effective", "permitted", "bounding", "inheritable", "ambient" } do
    local names = self.capabilities[set]
    local key = table.concat(names, " ")
    if not shown[key] then
      shown[key] = { sets = {}, names = names }
      table.insert(order, shown[key])
    end
    table.insert(shown[key].sets, set)
  end
  local parts = {}
  for _, one in ipairs(order) do
    local chips = {}
    for i, name in ipairs(one.names) do chips[i] = h.code({}, name) end
    table.insert(parts, { h.div({ class = "set" }, table.concat(one.sets, ", ")), h.div({ class = "chips" }, #chips > 0 and chips or "none") })
  end
  return section("capabilities", "Capabilities", nil, from(self.origin.capabilities), parts)
end

local function confinement(self)
  local rows = {}
  for i, row in ipairs(labels.confinement(self)) do rows[i] = { h.b({}, row[2]), row[3], positions(self.origin[row[1]]) } end
  return section("confinement", "Confinement", nil, grid({ "", "", "" }, rows))
end

local function network(self, drawing)
  local net, rows = self.network, {}
  if not net.own then return section("network", "Network", "Shared with the host: its links, addresses and ports.", from(self.origin.network)) end
  for i, row in ipairs(require "tiny.inspect.network_rows"(net)) do rows[i] = { row[1], h.b({}, row[2]), row[3], positions(self.origin[row[4]]) } end
  return section("network", "Network", net.unseen, from(self.origin.network), drawing and h.figure({}, markup.raw(drawing)) or nil, grid({ "", "", "", "" }, rows))
end

local function egress(self)
  return section("egress", "Egress", "What it may connect to; everything else is denied.", from(self.origin.egress), grid({ "", "" }, require("tiny.inspect.egress").rows(self.egress)))
end

local SECTIONS = { { "processes", processes }, { "namespaces", namespaces }, { "layers", layers }, { "mounts", mounts }, { "limits", limits }, { "capabilities", capabilities },
  { "confinement", confinement }, { "network", network }, { "egress", egress } }

-- The page. drawing: an SVG of its network, or nil.
return function(self, drawing)
  self.origin = self.origin or {}
  local facts, links, body = {}, {}, {}
  for i, row in ipairs(labels.head(self)) do facts[i] = { h.dt({}, row[1]), h.dd({ class = "mono" }, row[2]) } end
  for _, part in ipairs(SECTIONS) do
    -- Only a container with an image has layers, and one with rules egress.
    if part[1] ~= "layers" and part[1] ~= "egress" or self[part[1]] then
      table.insert(links, h.a({ href = "#" .. part[1] }, part[1]))
      table.insert(body, part[2](self, drawing))
    end
  end
  local head = h.head({}, h.meta { charset = "utf-8" }, h.meta { name = "viewport", content = "width=device-width, initial-scale=1" },
    h.meta { ["http-equiv"] = "Content-Security-Policy", content = POLICY }, h.title({}, "tinylua explain " .. labels.clean(self.name)),
    h.style({}, markup.raw(require "tiny.inspect.style")))
  local top = h.header({}, h.h1({}, self.name, self.status and h.span({ class = "status" }, self.status) or nil), h.dl({}, facts), h.nav({}, links))
  local bottom = h.footer({}, h.p({}, ("As of %s, read from the kernel. Generated by tinylua explain; file:line is a line of the recipe or of the shipped Lua."):format(tiny.timestamp():gsub("%..*", "Z"))))
  return "<!DOCTYPE html>\n" .. h.html({ lang = "en" }, head, h.body({}, top, h.main({}, body), bottom)).text .. "\n"
end
