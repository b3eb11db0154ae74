-- The lower layers of the throwaway view: for each file system of the host that has something to show, an overlay
-- that shows it as one who owns nothing sees it. A mask above it says what that is: its folders are opaque, but
-- for those that lead to the host's (trusted.overlay.redirect), and single files are copies. Nothing of the host
-- is walked, and what appears later where nothing is named stays away.
local host_view = require "tiny.host_view"

local layers = {}

local PRIVATE_FILE = tonumber("600", 8)

-- File systems that are no layers, or answer only to whom they please.
local LEFT_OUT = { autofs = true, proc = true, sysfs = true, cgroup = true, cgroup2 = true, overlay = true }

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

-- The mounts of this namespace, by place: the type of the topmost one's file system.
local function mounted()
  local found = {}
  for target, fstype in tiny.read_file("/proc/self/mountinfo"):gmatch("%d+ %d+ %S+ %S+ (%S+) [^\n]- %- (%S+) [^\n]*") do
    found[unescaped(target)] = fstype
  end
  return found
end

-- Of an ancestor or the path itself: the first for which found(path) is true.
local function upward(path, found)
  while path ~= "/" do
    if found(path) then return path end
    path = split(path)
  end
end

-- What is to be shown, by folder: the shipped set and what the container asks for.
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
      -- All that is named below it is shown with it.
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

-- Where a path of the host's is mounted.
function Layers:mount_of(path)
  return upward(path, function(above) return self.mounted[above] end) or "/"
end

-- Whether a path is shown, or something above it.
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
  -- The host may have a folder of that name.
  tiny.setxattr(place .. "/mask/view", "trusted.overlay.opaque", { value = "y" })
  self.masks[mount] = place
  table.insert(self.order, { mount = mount, place = place })
  return place .. "/mask/view"
end

-- Names in folders of the host's: files and links as copies, folders as they are there. What something is mounted on is
-- shown with that.
function Layers:show(wanted)
  local parts = {}
  for folder, names in pairs(wanted) do
    local mount = self:mount_of(folder)
    parts[mount] = parts[mount] or {}
    parts[mount][folder] = names
  end
  for mount, part in pairs(parts) do
    local kinds = tiny.copy_entries(part, self:mask(mount), { access_as = host_view.NOBODY, redirect = mount, except = self.targets })
    for path, kind in pairs(kinds) do
      if kind == "dir" then self.found[path] = true end
    end
  end
end

-- What is mounted on, or below, what is shown: all that is in it.
function Layers:show_mounts()
  local wanted = {}
  for target, fstype in pairs(self.mounted) do
    local s = not LEFT_OUT[fstype] and self:shows(target) and tiny.try(tiny.stat, target, { follow = false })
    if s and s.kind == "dir" then wanted[target] = { "*" } end
  end
  if next(wanted) then self:show(wanted) end
end

-- What is the container's own, in a layer of its own: empty folders, and what of shown folders it has in its own
-- way. Nobody could open what is the container's root's alone, so this is no part of the masks.
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

-- A folder with the ids of a user namespace, where the container has one.
function layers.idmapped(path, place, idmap)
  if not idmap then return path end
  tiny.mkdir(place)
  tiny.mount_bind(path, place, { recursive = false, idmap = idmap })
  return place
end

-- Mounts them below `place`, a file system of the container's own, and returns the folders, topmost first. extra: what
-- the container asks to see; hidden: folders that are never shown.
function layers.mount(place, extra, hidden, idmap)
  local self = setmetatable({ place = place, masks = {}, order = {}, mounted = mounted(), targets = {}, found = {} }, Layers)
  self.mounted["/"] = nil
  for target in pairs(self.mounted) do table.insert(self.targets, target) end
  self:show(layers.wanted(extra))
  self:show_mounts()
  local mask = self:mask("/")
  tiny.copy_entries(host_view.followed, mask, { access_as = host_view.NOBODY, follow = true })
  for path, kind in pairs(tiny.copy_entries(host_view.links, mask, { access_as = host_view.NOBODY })) do
    if kind == "dir" then tiny.mkdirs(mask, { path }) end
  end
  -- What is mounted below others lies over them.
  table.sort(self.order, function(a, b) return #a.mount > #b.mount end)
  local lower = { self:own(hidden) }
  for _, part in ipairs(self.order) do
    tiny.mount_overlay(part.place .. "/shown", {
      lower = { part.place .. "/mask", layers.idmapped(part.mount, part.place .. "/host", idmap) }, redirect = true,
      access_as = host_view.NOBODY, ro = true, nodev = true,
    })
    table.insert(lower, part.place .. "/shown/view")
  end
  return lower
end

return layers
