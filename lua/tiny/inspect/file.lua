-- Where a file of a running container comes from: a layer of its image, its writable layer, a volume or another mount. The container
-- may change its files meanwhile: no link is followed but below its root, and what is found is only text.
local format = require "tiny.format"
local layers = require "tiny.inspect.layers"

local file = {}

-- Links in a path, as for the kernel.
local MOST_LINKS = 40

local function fail(path, why, hint) tiny.fail { message = ("%s: %s"):format(format.clean(path), why), hint = hint, exit = 1 } end

local function look(root, path) return (tiny.try(tiny.stat, "." .. path, { root = root, nofollow = true })) end

-- A path without links in its directories, and without "." and "..".
local function resolved(root, path)
  local waiting, parts, links = {}, {}, 0
  local function add(text)
    local list = {}
    for part in text:gmatch("[^/]+") do table.insert(list, part) end
    for at = #list, 1, -1 do table.insert(waiting, list[at]) end
  end
  add(path)
  while waiting[1] do
    local part = table.remove(waiting)
    if part == ".." then table.remove(parts)
    elseif part ~= "." then
      table.insert(parts, part)
      local here = "/" .. table.concat(parts, "/")
      local s = waiting[1] and look(root, here)
      local target = s and s.kind == "link" and tiny.try(tiny.readlink, "." .. here, { root = root })
      if target then
        links = links + 1
        if links > MOST_LINKS then fail(path, "it has too many symbolic links") end
        if target:sub(1, 1) == "/" then parts = {} else table.remove(parts) end
        add(target)
      end
    end
  end
  return "/" .. table.concat(parts, "/")
end

-- The mount that a path is in, of an inspection's tree.
local function mount_of(tree, path)
  local best
  local function walk(list)
    for _, mount in ipairs(list) do
      local target = mount.target == "/" and "" or mount.target
      if not mount.hidden and (path == mount.target or path:sub(1, #target + 1) == target .. "/") and (not best or #mount.target >= #best.target) then best = mount end
      walk(mount.children)
    end
  end
  walk(tree)
  return best
end

-- The layers of an image that have the path, and how they are related.
local function in_layers(found, stack, path, exists)
  found.layers, found.from = {}, nil
  for _, one in ipairs(layers.with(stack, path)) do
    local layer = one.layer
    local deletes = one.what == "whiteout"
    -- Of a file, the topmost one counts.
    if not found.from then found.from = layer.writable and "writable" or "layer" end
    table.insert(found.layers, {
      writable = layer.writable, diff_id = layer.diff_id, number = not layer.writable and one.number or nil, created_by = layer.created_by, path = layer.path .. path, deletes = deletes or nil,
    })
  end
  if not exists and not found.layers[1] then fail(path, "there is no such file in the container, nor in a layer of its image") end
end

-- What the container has at a path: { path (resolved), kind, size, link }; without a kind if there is nothing.
local function facts(container, given)
  local root <close> = require("tiny.client.copy").running_root(container)
  local text = require("tiny.base.rootless").ask(function()
    local path = resolved(root, given)
    local s = look(root, path) or {}
    local link = s.kind == "link" and tiny.try(tiny.readlink, "." .. path, { root = root })
    return string.pack("<s4s4i8s4", path, s.kind or "", s.size or 0, link or "")
  end)
  local path, kind, size, link = string.unpack("<s4s4i8s4", text)
  return { path = path, kind = kind ~= "" and kind or nil, size = kind == "file" and size or nil, link = link ~= "" and link or nil }
end

-- Where a file that no image has comes from: `from`, and its `source` on the host.
local function elsewhere(one, mount, container)
  local path, upper = one.path, container.dir .. "/upper"
  if not mount then return "mount" end
  if mount.target ~= "/" then
    local from = mount.role == "tmpfs" and "tmpfs" or mount.from:match("^volume ") and "volume" or "mount"
    return from, mount.path and mount.path .. path:sub(#mount.target + 1)
  end
  if container.config.rootfs ~= "host" then return "rootfs", container.config.rootfs .. path end
  local changed = layers.with({ { path = upper } }, path)[1]
  return changed and "writable" or "view", changed and upper .. path or path
end

-- Explains a path of a running container, from its inspection: { path, given, kind, size, link, mount, from, source, layers }. from:
-- "layer", "writable", "volume", "tmpfs", "rootfs", "view" or "mount"; layers: those that have the path, topmost first.
function file.of(found, container, given)
  if given:sub(1, 1) ~= "/" then given = "/" .. given end
  local one = facts(container, given)
  local path, mount = one.path, mount_of(found.mounts, one.path)
  one.given = given ~= path and given or nil
  one.mount = mount and { target = mount.target, fstype = mount.fstype, from = mount.from, path = mount.path, read_only = mount.read_only }
  if mount and mount.target == "/" and found.layers then
    in_layers(one, found.layers, path, one.kind ~= nil)
  else
    if not one.kind then fail(given, "there is no such file in the container") end
    one.from, one.source = elsewhere(one, mount, container)
  end
  return one
end

-- A layer in words.
local function layer_text(layer)
  if layer.writable then return "the writable layer, " .. layer.path end
  local by = layer.created_by and layer.created_by ~= "" and ": " .. format.command({ layer.created_by }) or ""
  return ("layer %d, %s%s"):format(layer.number, layer.diff_id:sub(8, 19), by)
end

local WORDS = {
  view = "the host's file, in a throwaway view of the host", writable = "changed in the writable layer", rootfs = "the container's own root",
  tmpfs = "a tmpfs: it is in memory, and lost when the container ends",
}

local KINDS = { dir = "a directory", char = "a character device", block = "a block device", fifo = "a FIFO", socket = "a socket" }

-- What it is, in words.
local function kind_text(one)
  if one.link then return "a link to " .. one.link end
  return one.size and "a file of " .. format.size(one.size) or KINDS[one.kind] or one.kind or "not there"
end

-- As pairs of a name and a text.
function file.rows(one, image)
  local rows = {}
  local function add(name, text) if text then table.insert(rows, { name, format.clean(text) }) end end
  add("reached as", one.given)
  add("is", kind_text(one))
  if not one.layers then
    add("from", WORDS[one.from] or one.mount and ("%s, mounted on %s%s"):format(one.mount.from, one.mount.target, one.mount.read_only and ", read-only" or ""))
    add("on the host", one.source)
    return rows
  end
  add("image", image)
  for at, layer in ipairs(one.layers) do
    local verb = layer.deletes and "deleted by" or at == 1 and "from" or one.kind == "dir" and "also in" or one.kind and "instead of" or "was in"
    add(verb, layer_text(layer))
  end
  return rows
end

return file
