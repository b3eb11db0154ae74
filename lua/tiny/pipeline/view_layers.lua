-- The lower layers of the throwaway view: for each host file system with something to show, an overlay that shows it as a
-- user who owns nothing sees it. A mask above it selects what is shown: its directories are opaque, except those that
-- redirect to the host's (trusted.overlay.redirect), and single files are copies. The host's trees are not walked, and
-- entries that appear later outside of shown directories stay hidden.
local host_view = require "tiny.pipeline.host_view"

local layers = {}

local PRIVATE_FILE = tonumber("600", 8)

-- File systems that cannot be layers, or that restrict access in their own way.
local LEFT_OUT = { autofs = true, proc = true, sysfs = true, cgroup = true, cgroup2 = true }

-- The maximum size of all copies of files at the roots of file systems, in the masks' memory.
local MOST = 32 << 20

local STACKED = "use --rootfs"

local function split(path)
  local parent, name = path:match("^(.*)/([^/]+)$")
  return parent == "" and "/" or parent, name
end

local function join(folder, name)
  return folder == "/" and "/" .. name or folder .. "/" .. name
end

local function unescaped(target)
  return (target:gsub("\\(%d%d%d)", function(code) return string.char(tonumber(code, 8)) end))
end

-- The mounts of this namespace except the root, by mount point: the type of the topmost file system. Also the overlays, of
-- which the kernel stacks at most two, with the type of what they cover, or false for a directory.
local function mounted()
  local found, overlays = {}, {}
  for target, fstype in tiny.read_file("/proc/self/mountinfo"):gmatch("%d+ %d+ %S+ %S+ (%S+) [^\n]- %- (%S+) [^\n]*") do
    target = unescaped(target)
    if fstype == "overlay" then
      overlays[target] = overlays[target] or found[target] or false
      found[target] = nil
    else
      found[target], overlays[target] = fstype, nil
    end
  end
  found["/"], overlays["/"] = nil, nil
  return found, overlays
end

-- The user with whose access a container's layers are opened. With a user namespace, files show mapped ids, so it is an id
-- that is not mapped.
local function reader(maps)
  local inside, past = false, 0
  for _, map in pairs(maps or {}) do
    for _, entry in ipairs(map) do
      local first, count = entry[2], entry[3]
      inside = inside or (host_view.NOBODY >= first and host_view.NOBODY < first + count)
      past = math.max(past, first + count)
    end
  end
  return inside and past or host_view.NOBODY
end

-- The path itself or its nearest ancestor for which found(path) is true.
local function upward(path, found)
  while path ~= "/" do
    if found(path) then return path end
    path = split(path)
  end
end

-- What to show, by directory: the default set and the container's additions.
function layers.wanted(extra)
  if not extra then return host_view.shown end
  local wanted, named = {}, {}
  local function add(folder, names)
    wanted[folder] = table.move(names, 1, #names, #(wanted[folder] or {}) + 1, wanted[folder] or {})
    for _, name in ipairs(names) do named[join(folder, name)] = true end
  end
  for folder, names in pairs(host_view.shown) do add(folder, names) end
  for _, path in ipairs(extra) do
    if not upward(path, function(above) return named[above] end) then
      -- Everything named below it is shown with it.
      for folder in pairs(wanted) do
        if folder == path or folder:sub(1, #path + 1) == path .. "/" then wanted[folder] = nil end
      end
      local folder, name = split(path)
      add(folder, { name })
    end
  end
  return wanted
end

local Layers = {}
Layers.__index = Layers

-- The mount point of a host path's file system.
function Layers:mount_of(path)
  return upward(path, function(above) return self.mounted[above] end) or "/"
end

-- Whether a path or an ancestor of it is shown.
function Layers:shows(path)
  return upward(path, function(above) return self.found[above] end) ~= nil
end

-- The mask for one of the host's file systems.
function Layers:mask(mount)
  local place = self.masks[mount]
  if place then return place .. "/mask/view" end
  local number = #self.order + 1
  place = ("%s/%d"):format(self.place, number)
  tiny.mkdirs(self.place, { number .. "/mask/view", number .. "/shown" })
  -- The host may have a directory of that name.
  tiny.setxattr(place .. "/mask/view", "trusted.overlay.opaque", { value = "y" })
  self.masks[mount] = place
  table.insert(self.order, { mount = mount, place = place })
  return place .. "/mask/view"
end

-- Shows entries of host directories: files and links as copies, directories in place. Mount points are shown with what is
-- mounted on them. total: the maximum size of the copies for each file system; what is left out is reported.
function Layers:show(wanted, total)
  local parts, left_out, where = {}, 0
  for folder, names in pairs(wanted) do
    local mount = self:mount_of(folder)
    parts[mount] = parts[mount] or {}
    parts[mount][folder] = names
  end
  for mount, part in pairs(parts) do
    local kinds = tiny.copy_entries(part, self:mask(mount), { access_as = host_view.NOBODY, redirect = mount, except = self.targets, total = total })
    for path, kind in pairs(kinds) do
      if kind == "dir" then self.found[path] = true
      elseif kind == "left out" then left_out, where = left_out + 1, mount end
    end
  end
  if left_out > 0 then
    require("tiny.format").note("the view omits %d files: file systems of the host such as %s have too many at their root", left_out, tiny.show(where))
  end
end

-- Shows the mounts on or below what is shown.
function Layers:show_mounts()
  local wanted, count = {}, 0
  for target, fstype in pairs(self.mounted) do
    local s = not LEFT_OUT[fstype] and self:shows(target) and tiny.try(tiny.stat, target, { follow = false })
    if s and s.kind == "dir" then wanted[target], count = { "*" }, count + 1 end
  end
  if count > 0 then self:show(wanted, MOST // count) end
end

-- Hides what a mount covers in the file system below it.
function Layers:cover()
  for _, target in ipairs(self.targets) do
    local folder, name = split(target)
    local mount = self:mount_of(folder)
    if self.masks[mount] and self:shows(folder) then
      local mask, s = self:mask(mount), tiny.try(tiny.stat, target, { follow = false })
      if not s or s.kind == "dir" then
        tiny.mkdirs(mask, { target }, { opaque = true })
      elseif tiny.copy_entries({ [folder] = { name } }, mask, { access_as = host_view.NOBODY })[target] ~= "file" then
        tiny.mkdirs(mask, { folder })
        -- A whiteout.
        tiny.mknod(mask .. target, "char", { major = 0, minor = 0 })
      end
    end
  end
end

-- For an overlay, the directory beneath it is shown. If that is a mount point of its own, it is empty; if the view needs
-- its content, that is an error.
function Layers:settle_overlays(wanted)
  local beneath = {}
  for target, covered in pairs(self.overlays) do
    local needed = self.found[target]
    for folder in pairs(wanted) do needed = needed or (folder .. "/"):sub(1, #target + 1) == target .. "/" end
    if needed and covered then
      tiny.fail { message = ("the host's %s is an overlay on a mount point, and cannot be shown"):format(tiny.show(target)), hint = STACKED }
    end
    if covered then table.insert(self.targets, target)
    elseif needed or self:shows(target) then table.insert(beneath, target) end
  end
  if not beneath[1] then return end
  table.sort(beneath)
  local more = #beneath > 1 and (" and %d more"):format(#beneath - 1) or ""
  require("tiny.format").note("the view cannot show host overlays; it shows the directory beneath %s%s", tiny.show(beneath[1]), more)
end

-- A layer for the container's own entries: empty directories, and its own versions of entries in shown directories. The
-- masks are opened as an unprivileged user, so what only the container's root may open cannot be part of them.
function Layers:own(hidden)
  local own, opaque, parents = self.place .. "/own", {}, {}
  tiny.mkdir(own)
  for mode, folders in pairs(host_view.empty) do tiny.mkdirs(own, folders, { mode = tonumber(mode, 8) }) end
  for _, list in ipairs { host_view.own.folders, hidden } do
    for _, path in ipairs(list) do
      if self:shows(path) and tiny.stat(path) then table.insert(opaque, path) end
    end
  end
  tiny.mkdirs(own, opaque, { opaque = true })
  for _, path in ipairs(host_view.own.files) do
    if self:shows(path) then table.insert(parents, (split(path))) end
  end
  tiny.mkdirs(own, parents)
  for _, path in ipairs(host_view.own.files) do
    if self:shows(path) then tiny.append_file(own .. path, "", { mode = PRIVATE_FILE }) end
  end
  return own
end

-- A directory with the ids of the user namespace, if the container has one.
function layers.idmapped(path, place, idmap)
  if not idmap then return path end
  tiny.mkdir(place)
  tiny.mount_bind(path, place, { recursive = false, idmap = idmap })
  return place
end

-- Mounts the layers below `place`, a file system of the container's own, and returns their directories, topmost first.
-- extra: what the container adds; hidden: directories that are never shown; idmap, maps: its user namespace, if any.
function layers.mount(place, extra, hidden, idmap, maps)
  local self = setmetatable({ place = place, masks = {}, order = {}, targets = {}, found = {} }, Layers)
  self.mounted, self.overlays = mounted()
  for target in pairs(self.mounted) do table.insert(self.targets, target) end
  local wanted = layers.wanted(extra)
  self:show(wanted)
  self:settle_overlays(wanted)
  self:show_mounts()
  self:cover()
  local mask = self:mask("/")
  tiny.copy_entries(host_view.followed, mask, { access_as = host_view.NOBODY, follow = true })
  for path, kind in pairs(tiny.copy_entries(host_view.links, mask, { access_as = host_view.NOBODY })) do
    if kind == "dir" then tiny.mkdirs(mask, { path }) end
  end
  -- Nested mounts come first, above the ones that they are mounted in.
  table.sort(self.order, function(a, b) return #a.mount > #b.mount end)
  local lower = { self:own(hidden) }
  for _, part in ipairs(self.order) do
    local made, err = tiny.try(tiny.mount_overlay, part.place .. "/shown", {
      lower = { part.place .. "/mask", layers.idmapped(part.mount, part.place .. "/host", idmap) }, redirect = true,
      access_as = reader(idmap and maps), read_only = true, nodev = true,
    })
    if not made then
      if err.code == "EINVAL" then err.hint = ("the host's %s cannot be a layer of an overlay: %s"):format(part.mount, STACKED) end
      error(err, 0)
    end
    table.insert(lower, part.place .. "/shown/view")
  end
  return lower
end

return layers
