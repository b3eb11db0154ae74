-- An ordinary user's throwaway view of the host. A user namespace cannot lay one overlay over /, since what
-- is mounted below it is locked (mount_namespaces(7)): so the root is a folder of the container's own, and
-- each of the host's folders is shown in it by an overlay of its own, with a mask that hides what is private
-- and gives the container's root the folders that it is to write to. What is in a folder with mounts below is
-- shown entry by entry; where no overlay can be, the folder is shown read-only, with what is private covered.
local view = {}

local STICKY, OPEN = tonumber("1777", 8), tonumber("755", 8)
-- So many entries of a folder are shown one by one at most.
local MOST = 200
local SHARED = { ["/tmp"] = true, ["/var/tmp"] = true }

-- Folders of the host that are the container's root's to write to, beside those directly below /: files in
-- them stay the host's, and what is new goes to the container.
view.writable = {
  "/etc/apt", "/etc/default", "/etc/profile.d", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/local/share",
  "/usr/sbin", "/usr/share", "/var/cache", "/var/lib",
}

local function below(path, folder)
  return path:sub(1, #folder + 1) == folder .. "/"
end

-- Whether something is mounted below a folder.
local function holds_mounts(path, mounts)
  for _, mount in ipairs(mounts) do
    if below(mount.target, path) then return true end
  end
  return false
end

-- The mask of one folder: what is hidden is empty in it, what is removed is gone, what is writable is there.
local function fill(mask, folder, hidden, removed)
  local function make(path, options)
    tiny.mkdir(mask .. path, { parents = true, mode = options })
  end
  make(folder)
  for _, path in ipairs(view.writable) do
    local s = below(path, folder) and tiny.try(tiny.stat, path, { follow = false })
    if s and s.kind == "dir" then make(path) end
  end
  for path in pairs(hidden) do
    if below(path, folder) then
      make(path, SHARED[path] and STICKY or nil)
      tiny.setxattr(mask .. path, "user.overlay.opaque", { value = "y" })
    end
  end
  for path in pairs(removed) do
    if below(path, folder) then
      make(path:match("^(.*)/"))
      tiny.mknod(mask .. path, "char", { mode = 0 })
    end
  end
end

-- A view under way: ctx, root (a dir handle of what is being made), own (one of the folder that it is),
-- mask, mounts, hidden, removed.
local View = {}
View.__index = View

-- Shows a folder by an overlay; false where that cannot be.
function View:overlay(path)
  -- One folder for each, whatever lies in it.
  local dir = ("%s/layers/%s"):format(self.ctx.dir, (path:sub(2):gsub("/", "@")))
  local _, err = tiny.try(function()
    for _, name in ipairs { "/upper", "/work" } do tiny.mkdir(dir .. name, { parents = true }) end
    fill(self.mask, path, self.hidden, self.removed)
    local _, made = tiny.mount_overlay(path, {
      open = true, root = self.root, create = true, lower = { self.mask .. path, path }, upper = dir .. "/upper", work = dir .. "/work",
      volatile = self.ctx.throwaway or false, userxattr = true,
    })
    table.insert(self.ctx.writable, made)
  end)
  return not err
end

-- Covers a folder of the host with one of the container's own, found below its root: that the container may
-- have changed in an earlier life.
function View:cover(path)
  local there = tiny.stat(path, { root = self.own, follow = false })
  if there and there.kind ~= "dir" then tiny.remove(path, { root = self.own, recursive = true }) end
  tiny.mkdir(path, { root = self.own, parents = true, mode = SHARED[path] and STICKY or nil })
  local _, made = tiny.mount_bind(path, path, { source_root = self.own, root = self.root, recursive = false, open = true })
  table.insert(self.ctx.writable, made)
end

-- Shows a folder read-only, with covers.
function View:read_only(path)
  tiny.mount_bind(path, path, { root = self.root, create = true, ro = true })
  for other in pairs(self.hidden) do
    if below(other, path) then self:cover(other) end
  end
  for other in pairs(self.removed) do
    if below(other, path) then tiny.mount_bind("/dev/null", other, { root = self.root, ro = true }) end
  end
end

-- What is in a folder with mounts below it, one by one; false where that is too much.
function View:entries(path)
  local names = tiny.try(tiny.list_dir, path)
  if not names or #names > MOST then return false end
  if not tiny.stat(path, { root = self.root, follow = false }) then tiny.mkdir(path, { root = self.root }) end
  for _, name in ipairs(names) do self:show(path .. "/" .. name) end
  return true
end

-- Shows one entry of the host as far as an ordinary user can see it.
function View:show(path)
  local s = tiny.try(tiny.stat, path, { follow = false })
  if not s or self.removed[path] then return end
  local there = tiny.stat(path, { root = self.root, follow = false })
  if s.kind == "link" then
    if not there then tiny.symlink(tiny.readlink(path), path, { root = self.root }) end
  elseif s.kind == "file" and below(path, path:match("^/[^/]+")) then
    tiny.mount_bind(path, path, { root = self.root, create = true, ro = true })
  elseif s.kind == "dir" and self.hidden[path] then
    if not there then tiny.mkdir(path, { root = self.root, mode = SHARED[path] and STICKY or nil }) end
  elseif s.kind == "dir" then
    local shown = (holds_mounts(path, self.mounts) and self:entries(path)) or (not holds_mounts(path, self.mounts) and self:overlay(path))
    if not shown then self:read_only(path) end
  end
end

-- Where the masks are made: in memory, or where tmpfs keeps no such marks (before kernel 6.6) in the container's
-- folder.
local function masks(dir)
  local mounted = tiny.mount_tmpfs(dir .. "/work", { size = "4m", mode = OPEN })
  local _, err = tiny.try(tiny.setxattr, dir .. "/work", "user.overlay.opaque", { value = "n" })
  if not err then return dir .. "/work" end
  mounted:close()
  tiny.try(tiny.remove, dir .. "/mask", { recursive = true })
  tiny.mkdir(dir .. "/mask")
  return dir .. "/mask"
end

-- Mounts it. hidden: what is shown empty, by path; removed: files that are not to be read.
function view.mount(ctx, hidden, removed)
  local folder = ctx.dir .. "/upper"
  -- Its mounts beside the root's own that can be written: read_only is for these too.
  ctx.writable = {}
  tiny.mount_bind(folder, ctx.run, { recursive = false })
  local self = setmetatable({
    ctx = ctx, own = tiny.open_root(folder), root = tiny.open_root(ctx.run), mask = masks(ctx.dir), mounts = tiny.mounts(), hidden = hidden, removed = removed,
  }, View)
  for _, name in ipairs(tiny.list_dir("/")) do self:show("/" .. name) end
  return self.root
end

return view
