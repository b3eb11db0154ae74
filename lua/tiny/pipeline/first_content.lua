-- The first content of a volume, as in docker: an empty volume that is mounted over a directory of the container's root gets a
-- copy of it, once, with owners, modes, attributes and hard links. A view of the host gives none: its files are the host's. The copy grows next to the volume's data and is renamed
-- when it is complete; then its entries are moved to the data one by one. After a crash, the next container that mounts the
-- volume discards a partial copy, and finishes moving a complete one. Other containers may use the volume meanwhile.
local store = require "tiny.store.volumes"

local PRIVATE = tonumber("700", 8)
-- Files of unmapped owners appear with this id (/proc/sys/kernel/overflowuid).
local NOBODY = 65534

local function is_empty(path) return #(tiny.list_dir(path) or {}) == 0 end

-- Whether an empty volume has the owner and mode with which it was created.
local function is_untouched(name)
  local own, data = tiny.stat(store.folder(name)), tiny.stat(store.data(name))
  return data.mode == store.MODE and data.uid == own.uid and data.gid == own.gid
end

-- Moves a complete copy to the volume's data. A file that another container has created there meanwhile stays.
local function move(copied, data, filled)
  for _, name in ipairs(tiny.list_dir(copied)) do
    local _, err = tiny.try(tiny.rename, copied .. "/" .. name, data .. "/" .. name, { exclusive = true })
    if err and err.code == "EEXIST" then tiny.remove(copied .. "/" .. name, { recursive = true }) elseif err then error(err, 0) end
  end
  -- The empty directory has the owner, mode and attributes of the original.
  tiny.copy_tree(copied, data, { archive = true })
  tiny.rename(copied, filled)
end

-- Whether files can be given to others here. A user without subordinate ids owns everything in its container.
local function has_others()
  for _, name in ipairs { "uid_map", "gid_map" } do
    local found = false
    for first, count in tiny.read_file("/proc/self/" .. name):gmatch("(%d+) +%d+ +(%d+)") do
      found = found or NOBODY >= tonumber(first) and NOBODY < tonumber(first) + tonumber(count)
    end
    if not found then return false end
  end
  return true
end

-- Copies a directory of the container's root to a path next to the volume's data.
local function copy(ctx, from, to)
  tiny.mkdir(to, { mode = PRIVATE })
  local how = { from_root = from, archive = has_others(), capabilities = true }
  -- Root's containers with a user namespace store the ids of the namespace, which is another range at each start.
  if ctx.userns and not ctx.rootless then tiny.chown(to, { uid = 0, gid = 0 }) end
  local mapped <close> = ctx.userns and not ctx.rootless and tiny.mount_bind(to, to, { idmap = ctx.userns, recursive = false }) or nil
  return tiny.copy_tree(".", to, how)
end

local function is_host_view(spec)
  return not (spec.rootfs or spec.image or spec.steps and spec.steps.rootfs)
end

-- Gives the volume of a mount its first content, if it is empty and has had none. Called before it is mounted, in the
-- container's mount namespace, with the container's root as ctx.root.
return function(ctx, mount)
  local data, filled = store.data(mount.source), store.folder(mount.source, "filled")
  if tiny.stat(filled) then return end
  local copying, copied = store.folder(mount.source, "copy"), store.folder(mount.source, "copied")
  local lock <close> = tiny.flock(store.folder(mount.source, "lock"))
  if tiny.stat(filled) then return end
  if tiny.stat(copied) then return move(copied, data, filled) end
  if tiny.stat(copying) then tiny.remove(copying, { recursive = true }) end
  -- Content from elsewhere is its first content.
  if not is_empty(data) then return tiny.mkdir(filled, { mode = PRIVATE }) end
  if mount.nocopy or mount.subpath or is_host_view(ctx.spec) then return end
  local from <close>, err = tiny.try(tiny.open_root, mount.target, { root = ctx.root })
  if not from and err.code ~= "ENOENT" and err.code ~= "ENOTDIR" then error(err, 0) end
  if not from then return end
  local made, failure = tiny.try(copy, ctx, from, copying)
  if not made then
    tiny.try(tiny.remove, copying, { recursive = true })
    failure.message = ("volume %s: its first content, %s of the container's root, cannot be copied: %s"):format(mount.source, mount.target, failure.message)
    failure.hint = "volume-nocopy leaves the volume empty: -v " .. mount.source .. ":" .. mount.target .. ":nocopy"
    error(failure, 0)
  end
  -- An empty directory gives its owner and mode, unless the volume has been given others.
  if made.entries > 1 then
    tiny.syncfs(copying)
    tiny.rename(copying, copied)
    return move(copied, data, filled)
  end
  if is_untouched(mount.source) then tiny.copy_tree(copying, data, { archive = true }) end
  tiny.remove(copying)
end
