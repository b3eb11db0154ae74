-- The mounts of a process as a tree, each with where on the host it comes from: another mount of the same file
-- system tells, by the device and the folder that is shown.
local depth = require "tiny.inspect.depth"

local mounts = {}

-- A container with the right to mount can make as many as the kernel lets it; so many are told of.
local MOST = 400
-- File systems that come from nowhere but the kernel.
local KERNEL = {
  proc = "the kernel's processes", sysfs = "the kernel's devices", devpts = "terminals of its own", mqueue = "message queues of its own",
  tmpfs = "memory", cgroup2 = "control groups", cgroup = "control groups",
}

local function option_of(text, name)
  return ("," .. text .. ","):match("," .. name .. "=([^,]*),")
end

-- The place among these mounts that shows the same folder of the same file system.
local function place_of(mount, others)
  local best
  for _, other in ipairs(others) do
    local root = other.root == "/" and "" or other.root
    local below = other.dev == mount.dev and (mount.root == other.root or mount.root:sub(1, #root + 1) == root .. "/")
    -- The one that shows the smallest part is nearest to what was meant.
    if below and not other.hidden and (not best or #root > #best.root) then best = { root = root, target = other.target } end
  end
  if not best then return nil end
  local rest = mount.root == "/" and "" or mount.root:sub(#best.root + 1)
  return best.target == "/" and (rest ~= "" and rest or "/") or best.target .. rest
end

-- Whether a later mount lies over the whole of one: nobody sees it then.
local function mark_hidden(list)
  local at = {}
  for _, mount in ipairs(list) do
    if at[mount.target] and mount.parent == at[mount.target].id then at[mount.target].hidden = true end
    at[mount.target] = mount
  end
  return list
end

-- From where a mount shows what it shows, in words; and the host's path where there is one.
local function origin(mount, host, own)
  if mount.fstype == "overlay" then
    local upper = option_of(mount.super_options, "upperdir")
    local lower = {}
    for dir in ("," .. mount.super_options):gmatch(",lowerdir%+?=([^,]*)") do table.insert(lower, dir) end
    return ("layers %s%s"):format(table.concat(lower, " over "), upper and "; changes in " .. upper or ""), upper
  end
  local path = place_of(mount, host)
  if path then return "the host's " .. path, path end
  if mount.root ~= "/" then
    for _, other in ipairs(own) do
      -- A part of another mount of its own.
      if other.dev == mount.dev and other.root == "/" then return "its own " .. other.target:gsub("/$", "") .. mount.root end
    end
  end
  return KERNEL[mount.fstype] or mount.source
end

-- The tree; host: the mounts of the host, as tiny.mounts has them. A list of roots, each { target, fstype, source, from, path, readonly, options, hidden, children }.
-- Returns also how many mounts are left out.
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
      readonly = mount.options == "ro" or mount.options:sub(1, 3) == "ro,", size = option_of(mount.super_options, "size"), hidden = mount.hidden, children = {},
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
