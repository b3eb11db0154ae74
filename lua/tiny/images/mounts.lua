-- Images that are mounted for people and scripts (`image mount`), read-only, below the store's folder.
--   images/mounts/ID/image.json   the image, the mount namespace in which it is mounted, and how often it was
--   images/mounts/ID/fs           where it is mounted
-- A record is written before its mount, and is a root of garbage collection while it may be mounted.
local files = require "tiny.store.record_files"
local layers = require "tiny.images.layers"
local local_image = require "tiny.images.local_image"
local reference = require "tiny.images.reference"
local rootless = require "tiny.base.rootless"
local state = require "tiny.store.state"
local store = require "tiny.images.store"

local mounts = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

local function folder(name) return store.path("mounts/" .. name) end

-- The inode number of one of this process's namespaces.
local function namespace(kind) return tiny.stat("/proc/self/ns/" .. kind).ino end

-- Whether a process has this mount namespace. Those of other users, which cannot be asked, have not mounted anything of this store.
local function is_alive(inode)
  for _, pid in ipairs(tiny.list_dir "/proc") do
    local own = pid:find "^%d+$" and tiny.try(tiny.stat, "/proc/" .. pid .. "/ns/mnt")
    if own and own.ino == inode then return true end
  end
  return false
end

local function lock()
  tiny.mkdir(store.path "mounts", { parents = true, mode = PRIVATE })
  return state.lock(store.path "mounts/.lock")
end

-- The targets of all mounts in this namespace.
local function targets()
  local found = {}
  for _, mount in ipairs(tiny.mounts()) do found[mount.target] = true end
  return found
end

local function write(record)
  local text = tiny.json_encode {
    version = files.VERSION, name = record.name, manifest = record.manifest, config = record.config, index = record.index, layers = record.layers,
    count = record.count, namespace = namespace "mnt", processes = namespace "pid", boot_id = tiny.boot_id(),
  }
  tiny.write_file(folder(record.folder) .. "/image.json", text .. "\n", { mode = PRIVATE_FILE, sync = true })
end

-- The object in a record's file, if it is whole.
local function whole(record)
  record = files.whole(record, "name")
  local is_digest = reference.is_digest
  if not record or files.too_new(record) or type(record.layers) ~= "table" or math.type(record.count) ~= "integer" then return nil end
  for _, layer in ipairs(record.layers) do
    if type(layer) ~= "table" or not (is_digest(layer.diff_id) and is_digest(layer.digest)) then return nil end
  end
  return is_digest(record.manifest) and is_digest(record.config) and (record.index == nil or is_digest(record.index)) and record or nil
end

-- What is recorded: { folder, target, mounted, stale, name, manifest, config, index, layers, count }. mounted: in this namespace. stale:
-- it is mounted nowhere. A record that cannot be read has `damaged`.
function mounts.records()
  local list, here, there = {}, namespace "mnt", nil
  for name, found in pairs(tiny.read_json_files(store.path "mounts", { "image.json" }) or {}) do
    local record = whole(found["image.json"])
    local one = { folder = name, target = folder(name) .. "/fs", damaged = not record or nil }
    for key, value in pairs(record or {}) do one[key] = value end
    there = there or targets()
    -- A copy of the mounts, as in `unshare --mount`, shows it too; unmounting it there would remove the folder of the other.
    one.mounted = (one.damaged or one.namespace == here) and there[one.target] or false
    -- Another namespace ends with its last process, which is only known where its processes can be seen.
    one.stale = not one.mounted
      and (one.namespace == here or one.boot_id ~= tiny.boot_id() or one.processes == namespace "pid" and not is_alive(one.namespace))
    table.insert(list, one)
  end
  table.sort(list, function(a, b) return a.folder < b.folder end)
  return list
end

-- The images that are mounted in this namespace.
function mounts.list()
  local list = {}
  for _, record in ipairs(mounts.records()) do
    if record.mounted and not record.damaged then table.insert(list, record) end
  end
  return list
end

local function find(manifest)
  for _, record in ipairs(mounts.list()) do
    if record.manifest == manifest then return record end
  end
end

local function refuse(err, name)
  if err.code ~= "EPERM" and err.code ~= "EACCES" then error(err, 0) end
  tiny.fail {
    message = ("image mount %s: this user may not mount anything here"):format(name), code = err.code, exit = 125,
    hint = "be root, or enter a user namespace first: unshare --user --map-root-user --map-auto --mount; the mount ends with it",
  }
end

-- Mounts an image of the store; returns the path. An image that is mounted is counted once more. The caller holds the store's lock.
function mounts.mount(image, name)
  local _ <close> = lock()
  local record = find(image.manifest)
  if record then
    record.count = record.count + 1
    write(record)
    return record.target
  end
  record = { name = name, count = 1, folder = tiny.random_id() }
  for _, key in ipairs { "manifest", "config", "index", "layers" } do record[key] = image[key] end
  local target, ids = folder(record.folder) .. "/fs", local_image.layer_ids(image)
  tiny.mkdir(target, { parents = true, mode = PRIVATE })
  local mount, err = tiny.try(function()
    write(record)
    return layers.mount(target, ids, name, { userxattr = rootless.is(), nodev = true })
  end)
  if err then
    store.discard(folder(record.folder))
    refuse(err, name)
  end
  mount:keep()
  return target
end

-- Counts a mounted image once less, and unmounts it after the last time. options: all (after the first time), force (also if a process
-- uses it: then it disappears at once, and ends with the last use).
function mounts.umount(manifest, options)
  local _ <close> = lock()
  local record = find(manifest)
  if not record then return false end
  record.count = record.count - 1
  if record.count > 0 and not options.all and not options.force then
    write(record)
    return true
  end
  local _, err = tiny.try(tiny.umount, record.target, { detach = options.force or false })
  if err and err.code == "EBUSY" then
    tiny.fail {
      message = ("%s is in use by a process"):format(record.target), code = "EBUSY", exit = 125,
      hint = ("`fuser -vm %s` shows which; --force unmounts it anyway"):format(record.target),
    }
  elseif err then
    error(err, 0)
  end
  store.discard(folder(record.folder))
  return true
end

return mounts
