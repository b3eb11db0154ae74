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
    if name:find("*", 1, true) then table.insert(patterns, "^" .. name:gsub("%*", "\0"):gsub("%p", "%%%0"):gsub("%z", ".*") .. "$")
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

-- What is to be shown, by folder: the shipped set and what the container asks for.
function layers.wanted(extra)
  local wanted = {}
  for folder, names in pairs(host_view.shown) do wanted[folder] = expand(folder, names) end
  for _, path in ipairs(extra or {}) do
    local folder, name = split(path)
    wanted[folder] = table.move(wanted[folder] or {}, 1, #(wanted[folder] or {}), 2, { name })
  end
  return wanted
end

-- Of an ancestor or the path itself: the first for which found(path) is true.
local function upward(path, found)
  while path ~= "/" do
    if found(path) then return path end
    path = split(path)
  end
end

local Layers = {}
Layers.__index = Layers

-- The mask for one of the host's file systems, by where that is mounted.
function Layers:mask(mount)
  local mask = self.masks[mount]
  if mask then return mask end
  mask = { mount = mount, place = ("%s/%d"):format(self.place, #self.order + 1), made = { [""] = true, ["/"] = true } }
  mask.tree = mask.place .. "/mask/view"
  tiny.mkdir(mask.tree, { parents = true })
  -- The host may have a folder of that name.
  tiny.setxattr(mask.tree, "trusted.overlay.opaque", { value = "y" })
  self.masks[mount] = mask
  table.insert(self.order, mask)
  return mask
end

-- The mask in which a path of the host's is to be.
function Layers:mask_of(path)
  return self:mask(upward(path, function(above) return self.mounted[above] end) or "/")
end

local function make(mask, path, mode)
  if mask.made[path] then return end
  make(mask, (split(path)))
  tiny.mkdir(mask.tree .. path, mode and { mode = mode } or nil)
  mask.made[path] = true
end

-- A folder of the host's, as it is there: by its path from the root of its file system.
function Layers:redirect(path)
  local mask = self:mask_of(path)
  make(mask, path)
  tiny.setxattr(mask.tree .. path, "trusted.overlay.redirect", { value = mask.mount == "/" and path or path:sub(#mask.mount + 1) })
  self.found[path] = true
end

-- Names in a folder of the host's: files and links as copies, folders by what becomes of them.
function Layers:show(folder, names, options)
  if not tiny.stat(folder) then return end
  local mask = self:mask("/")
  make(mask, folder)
  local kinds = tiny.copy_entries(folder, names, mask.tree .. folder, { access_as = host_view.NOBODY, follow = options and options.follow })
  for name, kind in pairs(kinds) do
    local path = join(folder, name)
    if kind == "dir" then
      if options and options.links then make(mask, path)
      -- What is mounted there is shown on its own.
      elseif self.mounted[path] then self.found[path] = true
      else self:redirect(path) end
    end
  end
end

-- What is mounted on, or below, what is shown: all that is in it.
function Layers:show_mounts()
  local targets = {}
  for target, fstype in pairs(self.mounted) do
    local shown = not LEFT_OUT[fstype] and upward(target, function(above) return self.found[above] end)
    if shown then table.insert(targets, target) end
  end
  table.sort(targets)
  for _, target in ipairs(targets) do
    local s = tiny.try(tiny.stat, target, { follow = false })
    if s and s.kind == "dir" and s.mode & 5 == 5 then self:show(target, tiny.try(tiny.list_dir, target) or {}) end
  end
end

-- What is the container's own, in a layer of its own: empty folders, and what of shown folders it has in its own
-- way. Nobody could open what is the container's root's alone, so this is no part of the masks.
function Layers:own(hidden)
  local own = { tree = self.place .. "/own", made = { [""] = true, ["/"] = true } }
  tiny.mkdir(own.tree)
  for path, mode in pairs(host_view.empty) do make(own, path, tonumber(mode, 8)) end
  local function shown(path) return upward(path, function(above) return self.found[above] end) end
  for _, path in ipairs(host_view.own.files) do
    if shown(path) then
      make(own, (split(path)))
      tiny.write_file(own.tree .. path, "", { mode = PRIVATE_FILE })
    end
  end
  for _, list in ipairs { host_view.own.folders, hidden } do
    for _, path in ipairs(list) do
      if shown(path) then
        make(own, path)
        tiny.setxattr(own.tree .. path, "trusted.overlay.opaque", { value = "y" })
      end
    end
  end
  return own.tree
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
  for folder, names in pairs(layers.wanted(extra)) do self:show(folder, names) end
  for folder, names in pairs(host_view.followed) do self:show(folder, names, { follow = true }) end
  for folder, names in pairs(host_view.links) do self:show(folder, names, { links = true }) end
  self:show_mounts()
  -- What is mounted below others lies over them.
  table.sort(self.order, function(a, b) return #a.mount > #b.mount end)
  local lower = { self:own(hidden) }
  for _, mask in ipairs(self.order) do
    local shown = mask.place .. "/shown"
    tiny.mkdir(shown)
    tiny.mount_overlay(shown, {
      lower = { mask.place .. "/mask", layers.idmapped(mask.mount, mask.place .. "/host", idmap) }, redirect = true,
      access_as = host_view.NOBODY, ro = true, nodev = true,
    })
    table.insert(lower, shown .. "/view")
  end
  return lower
end

return layers
