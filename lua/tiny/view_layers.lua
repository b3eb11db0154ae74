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

-- The names of a folder that are shown; patterns are those with a "*".
local function expand(folder, names)
  local plain, patterns = {}, {}
  for _, name in ipairs(names) do
    if name:find("*", 1, true) then table.insert(patterns, "^" .. name:gsub("%p", function(c) return c == "*" and ".*" or "%" .. c end) .. "$")
    else table.insert(plain, name) end
  end
  if #patterns == 0 then return plain end
  local listed = {}
  for _, name in ipairs(plain) do listed[name] = true end
  for _, name in ipairs(tiny.try(tiny.list_dir, folder) or {}) do
    for _, pattern in ipairs(patterns) do
      if not listed[name] and name:find(pattern) then
        listed[name] = true
        table.insert(plain, name)
      end
    end
  end
  return plain
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
  local wanted, named = {}, {}
  local function add(folder, names)
    wanted[folder] = wanted[folder] or {}
    for _, name in ipairs(names) do
      table.insert(wanted[folder], name)
      named[join(folder, name)] = true
    end
  end
  for folder, names in pairs(host_view.shown) do add(folder, expand(folder, names)) end
  for _, path in ipairs(extra or {}) do
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

-- The mask for one of the host's file systems, with this folder in it.
function Layers:mask(mount, folder)
  local place = self.masks[mount]
  if not place then
    place = ("%s/%d"):format(self.place, #self.order + 1)
    tiny.mkdirs(self.place, { ("%d/mask/view"):format(#self.order + 1), ("%d/shown"):format(#self.order + 1) })
    -- The host may have a folder of that name.
    tiny.setxattr(place .. "/mask/view", "trusted.overlay.opaque", { value = "y" })
    self.masks[mount] = place
    table.insert(self.order, { mount = mount, place = place })
  end
  if folder ~= "/" then tiny.mkdirs(place .. "/mask/view", { folder }) end
  return place .. "/mask/view" .. folder
end

-- Names in a folder of the host's: files and links as copies, folders as they are there.
function Layers:show(folder, names, options)
  local mount, plain, mounted = self:mount_of(folder), {}, {}
  if not tiny.stat(folder) then return end
  for _, name in ipairs(names) do table.insert(self.mounted[join(folder, name)] and mounted or plain, name) end
  local how = { access_as = host_view.NOBODY, redirect = mount, follow = options and options.follow }
  for name, kind in pairs(tiny.copy_entries(folder, plain, self:mask(mount, folder), how)) do
    if kind == "dir" then self.found[join(folder, name)] = true end
  end
  -- A folder that something is mounted on is shown with that.
  how.redirect = nil
  for name, kind in pairs(#mounted > 0 and tiny.copy_entries(folder, mounted, self:mask(mount, folder), how) or {}) do
    if kind == "dir" then self.found[join(folder, name)] = true end
  end
end

-- What is mounted on, or below, what is shown: all that is in it.
function Layers:show_mounts()
  local targets = {}
  for target, fstype in pairs(self.mounted) do
    if not LEFT_OUT[fstype] and self:shows(target) then table.insert(targets, target) end
  end
  for _, target in ipairs(targets) do
    local s = tiny.try(tiny.stat, target, { follow = false })
    if s and s.kind == "dir" and s.mode & 5 == 5 then self:show(target, tiny.try(tiny.list_dir, target) or {}) end
  end
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
  local self = setmetatable({ place = place, masks = {}, order = {}, mounted = mounted(), found = {} }, Layers)
  self.mounted["/"] = nil
  local wanted, folders = layers.wanted(extra), {}
  for folder in pairs(wanted) do table.insert(folders, folder) end
  table.sort(folders)
  for _, folder in ipairs(folders) do self:show(folder, wanted[folder]) end
  for folder, names in pairs(host_view.followed) do self:show(folder, names, { follow = true }) end
  for folder, names in pairs(host_view.links) do
    local mask = self:mask("/", folder)
    for name, kind in pairs(tiny.copy_entries(folder, names, mask, { access_as = host_view.NOBODY })) do
      if kind == "dir" then tiny.mkdirs(mask, { name }) end
    end
  end
  self:show_mounts()
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
