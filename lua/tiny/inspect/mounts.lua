-- The mounts of a process as a tree, each with its source on the host. The source is found through another mount of the same
-- file system, by device and root directory.
local depth = require "tiny.inspect.depth"

local mounts = {}

-- The maximum number of listed mounts; a container that may mount can create many.
local MOST = 400
-- File systems without a source other than the kernel.
local KERNEL = {
  proc = "the kernel's processes", sysfs = "the kernel's devices", devpts = "its own terminals", mqueue = "its own message queues",
  tmpfs = "memory", cgroup2 = "cgroups", cgroup = "cgroups",
}

local function option_of(text, name)
  return ("," .. text .. ","):match("," .. name .. "=([^,]*),")
end

-- The path in these mounts that shows the same directory of the same file system.
local function place_of(mount, others)
  local best
  for _, other in ipairs(others) do
    local root = other.root == "/" and "" or other.root
    local below = other.dev == mount.dev and (mount.root == other.root or mount.root:sub(1, #root + 1) == root .. "/")
    -- The mount that shows the smallest part is the best match.
    if below and not other.hidden and (not best or #root > #best.root) then best = { root = root, target = other.target } end
  end
  if not best then return nil end
  local rest = mount.root == "/" and "" or mount.root:sub(#best.root + 1)
  return best.target == "/" and (rest ~= "" and rest or "/") or best.target .. rest
end

-- Marks mounts that a later mount covers completely.
local function mark_hidden(list)
  local at = {}
  for _, mount in ipairs(list) do
    if at[mount.target] and mount.parent == at[mount.target].id then at[mount.target].hidden = true end
    at[mount.target] = mount
  end
  return list
end

-- The volume, and the path in it, that a path of the host is; nil if it is in none.
local function volume_of(path)
  local folder = require("tiny.store.state").roots() .. "/volumes/"
  if path:sub(1, #folder) ~= folder then return nil end
  local name, rest = path:sub(#folder + 1):match("^([^/]+)/data(.*)$")
  return name and name .. rest
end

-- A description of a mount's source, and the host's path if there is one.
local function origin(mount, host, own)
  if mount.fstype == "overlay" then
    local upper = option_of(mount.super_options, "upperdir")
    local lower = {}
    for dir in ("," .. mount.super_options):gmatch(",lowerdir%+?=([^,]*)") do table.insert(lower, dir) end
    return ("layers %s%s"):format(table.concat(lower, " over "), upper and "; changes in " .. upper or ""), upper
  end
  local path = place_of(mount, host)
  local volume = path and volume_of(path)
  if volume then return "volume " .. volume, path end
  if path then return "the host's " .. path, path end
  if mount.root ~= "/" then
    for _, other in ipairs(own) do
      -- Part of another mount of the container's own.
      if other.dev == mount.dev and other.root == "/" then return "its own " .. other.target:gsub("/$", "") .. mount.root end
    end
  end
  return KERNEL[mount.fstype] or mount.source
end

-- The tree, as a list of roots: { target, fstype, source, from, path, read_only, options, hidden, children }. host: the host's
-- mounts, as tiny.mounts returns them. Also returns the number of omitted mounts.
function mounts.tree(process, host)
  local list = mark_hidden(tiny.mounts(process))
  local left_out = math.max(0, #list - MOST)
  list = table.move(list, 1, math.min(#list, MOST), 1, {})
  mark_hidden(host)
  local by_id, roots = {}, {}
  for _, mount in ipairs(list) do
    local from, path = origin(mount, host, list)
    by_id[mount.id] = {
      target = mount.target, fstype = mount.fstype, source = mount.source, from = from, path = path, root = mount.root, options = mount.options,
      read_only = mount.options == "ro" or mount.options:sub(1, 3) == "ro,", size = option_of(mount.super_options, "size"), hidden = mount.hidden, children = {},
    }
  end
  local parents = {}
  for _, mount in ipairs(list) do parents[mount.id] = mount.parent ~= mount.id and by_id[mount.parent] and mount.parent or nil end
  local above = depth(function(id) return parents[id] end)
  for _, mount in ipairs(list) do
    local parent = by_id[above(mount.id)]
    table.insert(parent and parent.children or roots, by_id[mount.id])
  end
  return roots, left_out
end

return mounts
