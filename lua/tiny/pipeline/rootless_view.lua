-- An ordinary user's throwaway view of the host. A user namespace cannot lay one overlay over /, since what is
-- mounted below it is locked (mount_namespaces(7)), nor have folders of a mask lead to the host's: so the root is a
-- folder of the container's own, and each folder that tiny.pipeline.host_view names is an overlay of its own. What has mounts
-- below it is shown entry by entry. The host's files are opened as one of the user's subordinate ids, which owns none of
-- them; without such ids as the user, who may read more than others may.
local host_view = require "tiny.pipeline.host_view"
local layers = require "tiny.pipeline.view_layers"

local view = {}

local OPEN = tonumber("755", 8)
-- Of the memory that masks have: what copies of the files beside mounts may take up, for each folder.
local MOST = 16 << 20

-- Folders of the host in which the container's root may make files: those that are there stay the host's.
view.writable = {
  "/bin", "/lib", "/sbin", "/etc/apt", "/etc/profile.d", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/local/share",
  "/usr/sbin", "/usr/share",
}

local function below(path, folder)
  return path:sub(1, #folder + 1) == folder .. "/"
end

-- The id with whose access the host's files are opened: nobody, else the last that is mapped but is not the user.
function view.reader()
  local last = host_view.NOBODY
  for _, name in ipairs { "uid_map", "gid_map" } do
    local most = 0
    for first, count in tiny.read_file("/proc/self/" .. name):gmatch("(%d+) +%d+ +(%d+)") do most = math.max(most, tonumber(first) + tonumber(count) - 1) end
    last = math.min(last, math.tointeger(most))
  end
  return last > 0 and last or nil
end

-- A view under way: ctx, root (a dir handle of what is being made), mask (the folder of masks), reader, mounts, writable
-- (a set), hidden.
local View = {}
View.__index = View

-- Makes this of the mask of a folder: what is writable is there and the container's root's, what is hidden is empty.
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

-- Lays folders, and over them one that takes the changes, at a place of the root.
function View:lay(path, lower)
  -- One folder for each, whatever lies in it.
  local dir = ("%s/layers/%s"):format(self.ctx.dir, (path:sub(2):gsub("/", "@")))
  for _, name in ipairs { "/upper", "/work" } do tiny.mkdir(dir .. name, { parents = true }) end
  local _, made = tiny.mount_overlay(path, {
    open = true, root = self.root, create = true, lower = lower, upper = dir .. "/upper", work = dir .. "/work",
    volatile = self.ctx.throwaway or false, userxattr = true, nodev = true,
  })
  table.insert(self.ctx.writable, made)
end

-- Shows a folder as the reader sees it.
function View:overlay(path)
  self:fill(path)
  local lower = { self.mask .. path, path }
  local how = { lower = lower, userxattr = true, ro = true, nodev = true, access_as = self.reader, keep_groups = true }
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

-- Names in folders of the host's: files and links as copies in the mask. Returns the folders among them.
function View:copy(names, options)
  local found = {}
  local how = { access_as = self.reader, keep_groups = true, follow = options and options.follow, total = options and options.total }
  local left_out = 0
  for path, kind in pairs(tiny.copy_entries(names, self.mask, how)) do
    if kind == "dir" then table.insert(found, path) elseif kind == "left out" then left_out = left_out + 1 end
  end
  if left_out > 0 then
    require("tiny.format").note("the view leaves out %d files of %s, which has too many beside its mounts", left_out, tiny.show((next(names))))
  end
  table.sort(found)
  return found
end

-- Shows a folder of the host.
function View:show(path)
  local holds_mounts = false
  for _, mount in ipairs(self.mounts) do holds_mounts = holds_mounts or below(mount.target, path) end
  if not holds_mounts then return self:overlay(path) end
  local found = self:copy({ [path] = { "*" } }, { total = MOST })
  tiny.mkdirs(self.mask, { path, table.unpack(found) })
  self:lay(path, { self.mask .. path })
  for _, folder in ipairs(found) do self:show(folder) end
end

-- Copies what is named, and returns which folders are to be shown.
function View:gather(extra)
  local shown = self:copy(layers.wanted(extra))
  self:copy(host_view.followed, { follow = true })
  tiny.mkdirs(self.mask, self:copy(host_view.links))
  for _, path in ipairs(shown) do
    if path:find("/", 2, true) then tiny.mkdirs(self.mask, { path }) end
  end
  return shown
end

-- The folders and links directly in the root, which is the container's own: it may have changed them in an earlier life.
-- Returns the folders that are in the mask, and shown as that is.
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

-- Where the masks are made: in memory, or where tmpfs keeps no such marks (before kernel 6.6) in the container's
-- folder.
local function masks(dir)
  local mounted = tiny.mount_tmpfs(dir .. "/work", { size = "64m", mode = OPEN })
  local _, err = tiny.try(tiny.setxattr, dir .. "/work", "user.overlay.opaque", { value = "n" })
  if not err then return dir .. "/work" end
  mounted:close()
  tiny.try(tiny.remove, dir .. "/mask", { recursive = true })
  tiny.mkdir(dir .. "/mask")
  return dir .. "/mask"
end

-- Mounts it. hidden: folders that are never shown.
function view.mount(ctx, hidden)
  local folder, place = ctx.dir .. "/upper", masks(ctx.dir)
  -- Its mounts beside the root's own that can be written: read_only is for these too.
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
