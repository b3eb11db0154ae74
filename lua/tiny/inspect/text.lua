-- An inspection as text for a terminal: sections with aligned columns, trees with branch lines, and colours if requested.
-- The origin of a part is shown after it, or below it on a narrow terminal.
local labels = require "tiny.inspect.labels"

local CODES = { bold = 1, dim = 2, red = 31, green = 32, yellow = 33, cyan = 36 }

local Text = {}
Text.__index = Text

local function length(text) return utf8.len(text) or #text end

local function cut(text, room)
  if length(text) <= room then return text end
  return room < 2 and "…" or text:sub(1, utf8.offset(text, room) - 1) .. "…"
end

local function pad(text, columns) return text .. (" "):rep(columns - length(text)) end

function Text:paint(colour, text)
  return self.colour and colour and text ~= "" and ("\27[%dm%s\27[0m"):format(CODES[colour], text) or text
end

function Text:add(line) table.insert(self.lines, (line:gsub("%s+$", ""))) end

-- The positions of an origin, the recipe's first.
local function positions(origin)
  local list = {}
  for _, key in ipairs { "recipe", "shipped" } do
    if origin and origin[key] then table.insert(list, labels.clean(origin[key].place)) end
  end
  return table.concat(list, "  ")
end

function Text:title(name, origin)
  if #self.lines > 0 then self:add("") end
  local from = positions(origin)
  local room = self.width - length(name) - 2
  self:add(self:paint("bold", name) .. (from ~= "" and "  " .. self:paint("dim", cut(from, room)) or ""))
end

-- Rows of { cells…, colour, origin }: all cells but the last are padded to the widest of their column.
function Text:rows(rows, indent)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widths[i] = math.max(widths[i] or 0, length(cell)) end
  end
  for _, row in ipairs(rows) do
    local left, parts = self.width - indent, {}
    for i, cell in ipairs(row) do
      local text = left > 0 and cut(cell, left) or ""
      -- One long name must not shift all the others.
      local columns = i < #row and math.max(length(text), math.min(widths[i], self.width * 2 // 5, left)) or length(text)
      left = left - columns - 2
      parts[i] = self:paint(i == 1 and row.colour, pad(text, columns))
    end
    local from = positions(row.origin)
    local line = (" "):rep(indent) .. table.concat(parts, "  ")
    local fits = left >= length(from) + 2
    self:add(line .. (from ~= "" and fits and "  " .. self:paint("dim", from) or ""))
    if from ~= "" and not fits then self:add((" "):rep(math.max(indent + 2, self.width - length(from))) .. self:paint("dim", cut(from, self.width - indent - 2))) end
  end
end

-- A tree as rows: the branch lines become part of a node's first cell.
function Text:tree(roots, cells)
  local rows = {}
  local function walk(list, before)
    for i, node in ipairs(list) do
      local last, top = i == #list, before == nil
      local row = cells(node)
      row[1] = (top and "" or before .. (last and "└ " or "├ ")) .. row[1]
      table.insert(rows, row)
      walk(node.children, top and "" or before .. (last and "  " or "│ "))
    end
  end
  walk(roots, nil)
  return rows
end

function Text:processes(self_)
  self:title("Processes", self_.origin and self_.origin.exec)
  local wide = self.width >= 70 -- a narrow terminal omits resource usage
  local function row(pid, host, user, state, memory, cpu, command)
    return wide and { pid, host, user, state, memory, cpu, command } or { pid, host, user, command }
  end
  local rows = self:tree(self_.processes, function(p)
    return row(tostring(p.inside or p.pid), tostring(p.pid), tostring(p.user or "-"), p.state, labels.size(p.memory), ("%.2f s"):format(p.cpu_seconds or 0), labels.clean(p.command))
  end)
  local titles = row("PID", "HOST", "UID", "S", "MEMORY", "CPU", "COMMAND")
  titles.colour = "dim"
  table.insert(rows, 1, titles)
  self:rows(rows, 2)
  if self_.left_out and self_.left_out.processes > 0 then self:add(("  … %d more"):format(self_.left_out.processes)) end
end

function Text:namespaces(self_)
  self:title("Namespaces", self_.origin and self_.origin.namespaces)
  local rows = {}
  for _, one in ipairs(self_.namespaces) do
    local whose, means = labels.namespace(one)
    table.insert(rows, { one.kind, whose, tostring(one.inode or "-"), means, colour = one.own and "green" or "yellow" })
  end
  self:rows(rows, 2)
  self:rows({ { "users", labels.map(self_.maps.uid) }, { "groups", labels.map(self_.maps.gid) } }, 2)
end

function Text:mounts(self_)
  self:title("Mounts")
  self:rows(self:tree(self_.mounts, function(mount)
    return { labels.clean(mount.target), labels.clean(mount.fstype), mount.read_only and "ro" or "rw", labels.mount(mount), origin = mount.origin }
  end), 2)
  if self_.left_out and self_.left_out.mounts > 0 then self:add(("  … %d more"):format(self_.left_out.mounts)) end
end

function Text:layers(self_)
  if not self_.layers then return end
  self:title("Layers")
  local rows, left = labels.layers(self_)
  self:rows(rows, 2)
  if left > 0 then self:add(("  … %d more"):format(left)) end
end

function Text:limits(self_)
  self:title("Limits and usage", self_.origin and self_.origin.cgroup)
  if not self_.cgroup then return self:add("  no cgroup of its own") end
  local rows = {}
  for _, row in ipairs(labels.limits(self_.cgroup)) do
    table.insert(rows, { row.what, row.used, "of " .. row.limit, origin = row.limit ~= "no limit" and self_.origin and self_.origin[row.key] or nil })
  end
  self:rows(rows, 2)
  local events = labels.events(self_.cgroup.stats)
  self:rows({ { "cgroup", labels.clean(self_.cgroup.path) }, events and { "so far", events } }, 2)
end

-- A word list, wrapped over several lines.
function Text:wrapped(name, list, columns)
  local line = "  " .. pad(name, columns) .. "  "
  if #list == 0 then return self:add(line .. self:paint("dim", "none")) end
  local start, used = #line, #line
  for i, word in ipairs(list) do
    if i > 1 and used + #word + 1 > self.width then
      self:add(line)
      line, used = (" "):rep(start), start
    end
    line, used = line .. (used > start and " " or "") .. word, used + #word + (used > start and 1 or 0)
  end
  self:add(line)
end

function Text:rights(self_)
  self:title("Capabilities", self_.origin and self_.origin.capabilities)
  for _, set in ipairs { "effective", "permitted", "inheritable", "bounding", "ambient" } do
    local short = {}
    for i, name in ipairs(self_.capabilities[set]) do short[i] = name:gsub("^CAP_", ""):lower() end
    self:wrapped(set, short, 11)
  end
  self:title("Confinement")
  local rows = {}
  for _, row in ipairs(labels.confinement(self_)) do
    table.insert(rows, { row[2], row[3], origin = self_.origin and self_.origin[row[1]] })
  end
  self:rows(rows, 2)
end

function Text:network(self_)
  local net, origin = self_.network, self_.origin or {}
  self:title("Network", origin.network)
  if not net.own then return self:add("  shared with the host") end
  if net.unseen then self:add("  " .. labels.clean(net.unseen)) end
  local rows = {}
  for _, row in ipairs(require "tiny.inspect.network_rows"(net)) do table.insert(rows, { row[1], labels.clean(row[2]), labels.clean(row[3]), origin = origin[row[4]] }) end
  self:rows(rows, 2)
end

function Text:egress(self_)
  if not self_.egress then return end
  self:title("Egress", self_.origin and self_.origin.egress)
  local rows = {}
  for _, row in ipairs(require("tiny.inspect.egress").rows(self_.egress)) do table.insert(rows, { row[1], labels.clean(row[2]) }) end
  self:rows(rows, 2)
end

return function(self, options)
  local text = setmetatable({ lines = {}, width = math.max(40, options.width or 100), colour = options.colour }, Text)
  text:add(text:paint("bold", labels.clean(self.name)) .. (self.status and "  " .. text:paint("green", self.status) or ""))
  text:rows(labels.head(self), 2)
  for _, part in ipairs { "processes", "namespaces", "layers", "mounts", "limits", "rights", "network", "egress" } do text[part](text, self) end
  return table.concat(text.lines, "\n") .. "\n"
end
