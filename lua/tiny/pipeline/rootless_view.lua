-- The throwaway view of the host in a rootless container. A user namespace cannot mount one overlay over /, since mounts
-- below it are locked (mount_namespaces(7)), and redirects in a mask are not allowed. So the root is a directory of the
-- container's own, and each directory that tiny.pipeline.host_view names is its own overlay. A directory with mounts below
-- it is shown entry by entry. The host's files are opened as one of the user's subordinate ids, which owns none of them;
-- without such ids as the user, who may be able to read more than others.
local host_view = require "tiny.pipeline.host_view"
local layers = require "tiny.pipeline.view_layers"

local view = {}

local OPEN = tonumber("755", 8)
-- The maximum size of the copies of files beside mounts, for each directory, in the masks' memory.
local MOST = 16 << 20

-- Host directories in which the container's root may create files; existing ones stay the host's.
view.writable = {
  "/bin", "/lib", "/sbin", "/etc/apt", "/etc/profile.d", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/local/share",
  "/usr/sbin", "/usr/share",
}

local function below(path, folder)
  return path:sub(1, #folder + 1) == folder .. "/"
end

-- The id with whose access the host's files are opened: nobody, otherwise the last mapped id that is not the user's.
function view.reader()
  local last = host_view.NOBODY
  for _, name in ipairs { "uid_map", "gid_map" } do
    local most = 0
    for first, count in tiny.read_file("/proc/self/" .. name):gmatch("(%d+) +%d+ +(%d+)") do most = math.max(most, tonumber(first) + tonumber(count) - 1) end
    last = math.min(last, math.tointeger(most))
  end
  return last > 0 and last or nil
end

-- A view in progress: ctx, root (a directory handle), mask (the directory of masks), reader, mounts, writable (a set), hidden.
local View = {}
View.__index = View

-- Fills the mask of a directory: writable directories belong to the container's root, hidden ones are empty.
function View:fill(path)
  local folders = { path }
  for writable in pairs(self.writable) do
    local s = below(writable, path) and tiny.try(tiny.stat, writable, { follow = false })
    if s and s.kind == "dir" then table.insert(folders, writable) end
  end
  tiny.mkdirs(self.mask, folders)
  for _, hidden in ipairs(self.hidden) do
    if below(hidden, path) and tiny.try(tiny.stat, hidden) then
      tiny.mkdirs(self.mask, { hidden })
      tiny.setxattr(self.mask .. hidden, "user.overlay.opaque", { value = "y" })
    end
  end
end

-- Mounts an overlay of the lower directories, with an upper one for changes, at a path of the root.
function View:lay(path, lower)
  -- Each has its own upper directory, whatever is mounted below it.
  local dir = ("%s/layers/%s"):format(self.ctx.dir, (path:sub(2):gsub("/", "@")))
  for _, name in ipairs { "/upper", "/work" } do tiny.mkdir(dir .. name, { parents = true }) end
  local _, made = tiny.mount_overlay(path, {
    open = true, root = self.root, create = true, lower = lower, upper = dir .. "/upper", work = dir .. "/work",
    volatile = self.ctx.throwaway or false, userxattr = true, nodev = true,
  })
  table.insert(self.ctx.writable, made)
end

-- Shows a directory as the reader sees it.
function View:overlay(path)
  self:fill(path)
  local lower = { self.mask .. path, path }
  local how = { lower = lower, userxattr = true, read_only = true, nodev = true, access_as = self.reader, keep_groups = true }
  if not self.writable[path] then
    how.root, how.create = self.root, true
    tiny.mount_overlay(path, how)
  elseif self.reader then
    self.count = self.count + 1
    local place = ("%s/%d"):format(self.inner, self.count)
    tiny.mkdir(place)
    tiny.mount_overlay(place, how)
    self:lay(path, { place })
  else
    self:lay(path, lower)
  end
end

-- Copies files and links of host directories into the mask. Returns the directories among the names.
function View:copy(names, options)
  local found = {}
  local how = { access_as = self.reader, keep_groups = true, follow = options and options.follow, total = options and options.total }
  local left_out = 0
  for path, kind in pairs(tiny.copy_entries(names, self.mask, how)) do
    if kind == "dir" then table.insert(found, path) elseif kind == "left out" then left_out = left_out + 1 end
  end
  if left_out > 0 then
    require("tiny.format").note("the view omits %d files of %s, which has too many files next to its mount points", left_out, tiny.show((next(names))))
  end
  table.sort(found)
  return found
end

-- Shows a host directory.
function View:show(path)
  local holds_mounts = false
  for _, mount in ipairs(self.mounts) do holds_mounts = holds_mounts or below(mount.target, path) end
  if not holds_mounts then return self:overlay(path) end
  local found = self:copy({ [path] = { "*" } }, { total = MOST })
  tiny.mkdirs(self.mask, { path, table.unpack(found) })
  self:lay(path, { self.mask .. path })
  for _, folder in ipairs(found) do self:show(folder) end
end

-- Copies the named entries, and returns the directories to show.
function View:gather(extra)
  local shown = self:copy(layers.wanted(extra))
  self:copy(host_view.followed, { follow = true })
  tiny.mkdirs(self.mask, self:copy(host_view.links))
  for _, path in ipairs(shown) do
    if path:find("/", 2, true) then tiny.mkdirs(self.mask, { path }) end
  end
  return shown
end

-- Creates the directories and links in the container's own root, which an earlier run may have changed. Returns the
-- directories that are in the mask and shown from there.
function View:make_root(folder)
  for mode, paths in pairs(host_view.empty) do
    for _, path in ipairs(paths) do
      tiny.mkdirs(path:find("/", 1, true) and self.mask or folder, { path }, { mode = tonumber(mode, 8) })
    end
  end
  local tops = {}
  for _, name in ipairs(tiny.list_dir(self.mask)) do
    local link = tiny.try(tiny.readlink, self.mask .. "/" .. name)
    if not link then table.insert(tops, "/" .. name)
    elseif not tiny.stat("/" .. name, { root = self.root, follow = false }) then tiny.symlink(link, "/" .. name, { root = self.root }) end
  end
  return tops
end

-- Where masks are created: in memory, or in the container's directory if tmpfs does not support the marks (before kernel
-- 6.6).
local function masks(dir)
  local mounted = tiny.mount_tmpfs(dir .. "/work", { size = "64m", mode = OPEN })
  local _, err = tiny.try(tiny.setxattr, dir .. "/work", "user.overlay.opaque", { value = "n" })
  if not err then return dir .. "/work" end
  mounted:close()
  tiny.try(tiny.remove, dir .. "/mask", { recursive = true })
  tiny.mkdir(dir .. "/mask")
  return dir .. "/mask"
end

-- Mounts the view. hidden: directories that are never shown.
function view.mount(ctx, hidden)
  local folder, place = ctx.dir .. "/upper", masks(ctx.dir)
  -- The writable mounts besides the root: read_only applies to them too.
  ctx.writable = {}
  tiny.mount_bind(folder, ctx.run, { recursive = false })
  local self = setmetatable({
    ctx = ctx, root = tiny.open_root(ctx.run), mask = place .. "/mask", inner = place .. "/inner", count = 0, mounts = tiny.mounts(),
    reader = view.reader(), writable = {}, hidden = table.move(host_view.own.folders, 1, #host_view.own.folders, #hidden + 1, hidden),
  }, View)
  for _, path in ipairs(view.writable) do self.writable[path] = true end
  for _, path in ipairs(ctx.spec.view or {}) do self.writable[path] = true end
  tiny.mkdirs(place, { "mask", "inner" })
  local shown = self:gather(ctx.spec.view)
  for _, top in ipairs(self:make_root(folder)) do self:lay(top, { self.mask .. top }) end
  for _, path in ipairs(shown) do self:show(path) end
  return self.root
end

return view
