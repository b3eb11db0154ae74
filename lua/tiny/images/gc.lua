-- Deletes what no name and no container needs. The roots are the refs, and the records of containers and of mounted images; a
-- collection holds the store's lock exclusively while it looks, and moves what it found into the trash. The trash is emptied without
-- the lock.
local manifest = require "tiny.images.manifest"
local state = require "tiny.store.state"
local store = require "tiny.images.store"

local gc = {}

-- Seconds for which a collection that nobody asked for keeps an interrupted download.
local KEPT = 7 * 86400

local function keep(used, digest)
  if digest then used[digest:sub(8)] = true end
end

local function keep_image(blobs, layers, image)
  for _, digest in ipairs { image.manifest, image.config, image.index } do keep(blobs, digest) end
  for _, layer in ipairs(image.layers) do
    keep(blobs, layer.digest)
    keep(layers, store.layer_id(layer))
  end
end

-- The digits of all digests that are in use; nil and the reason if one of the roots cannot be read: then nothing is known.
local function marks()
  local blobs, layers = {}, {}
  local images, damaged = store.refs()
  if damaged[1] then return nil, damaged[1].damage end
  for _, image in ipairs(images) do keep_image(blobs, layers, image) end
  for _, container in ipairs(require("tiny.store.records").list()) do
    if container.unreadable then return nil, container.damage end
    local from = container.config.from_image
    if from then
      for _, digest in ipairs { from.manifest, from.id } do keep(blobs, digest) end
      keep(blobs, from.index)
      for _, id in ipairs(from.layers) do keep(layers, id) end
      -- The blobs of its layers, from which a damaged layer is repaired.
      local text = from.manifest and tiny.try(store.read_blob, from.manifest)
      local parsed = text and tiny.try(manifest.parse, text, nil, "a manifest")
      for _, layer in ipairs(parsed and parsed.layers or {}) do keep(blobs, layer.digest) end
    end
  end
  for _, mount in ipairs(require("tiny.images.mounts").records()) do
    if mount.stale then store.discard(store.path("mounts/" .. mount.folder))
    elseif mount.damaged then return nil, ("the record of the image that is mounted at %s is damaged: unmount it with umount"):format(mount.target)
    else keep_image(blobs, layers, mount) end
  end
  return { blobs = blobs, layers = layers }
end

-- Whether a process downloads the blob with these digits.
local function is_downloaded(name)
  local path = store.path("locks/" .. name)
  if not tiny.stat(path) then return false end
  local lock <close> = tiny.flock(path, { wait = false })
  return lock == nil
end

-- Moves the interrupted downloads into the trash that are not needed, or are older than `kept` seconds; returns their bytes.
local function sweep_downloads(used, kept)
  local bytes, now = 0, tiny.clock()
  for _, name in ipairs(tiny.list_dir(store.path "ingest") or {}) do
    local path = store.path("ingest/" .. name)
    local s = tiny.stat(path)
    if s and (name:find "^%." or used.blobs[name] or now - s.mtime > kept) and not is_downloaded(name) then
      bytes = bytes + s.size
      store.discard(path)
    end
  end
  return bytes
end

-- Moves what is not in use into the trash; returns the number of layers, and the bytes of layers, blobs and downloads.
local function sweep(used, kept)
  local count, bytes = 0, 0
  for _, name in ipairs(tiny.list_dir(store.path "blobs/sha256") or {}) do
    if not used.blobs[name] then
      local path = store.path("blobs/sha256/" .. name)
      bytes = bytes + (tiny.stat(path) or { size = 0 }).size
      store.discard(path)
    end
  end
  -- Nobody unpacks while the lock is held: a folder with another name is what a crash has left.
  for _, name in ipairs(tiny.list_dir(store.path "layers") or {}) do
    if not used.layers[name] then
      local text = tiny.read_file(store.path("layers/" .. name .. "/bytes"))
      count, bytes = count + 1, bytes + (math.tointeger(tonumber(text)) or 0)
      store.discard(store.path("layers/" .. name))
    end
  end
  bytes = bytes + sweep_downloads(used, kept)
  for _, name in ipairs(tiny.list_dir(store.path "locks") or {}) do tiny.try(tiny.remove, store.path("locks/" .. name)) end
  for _, name in ipairs(tiny.list_dir(store.path "refs") or {}) do
    if not tiny.stat(store.path("refs/" .. name .. "/image.json")) then store.discard(store.path("refs/" .. name)) end
  end
  return count, bytes
end

-- Deletes the content of the trash. An archive that is being unpacked there has a name with a dot.
local function empty_trash()
  for _, name in ipairs(tiny.list_dir(store.path "trash") or {}) do
    if not name:find "^%." then state.remove_all(store.path("trash/" .. name)) end
  end
end

-- Deletes what is not needed; returns the number of layers, and the bytes of layers and blobs, or nil and the reason. options: wait
-- (a user asks for it: it waits for pulls and starts that hold the lock, and deletes interrupted downloads of any age).
function gc.collect(options)
  if not store.exists() then return 0, 0 end
  options = options or {}
  local lock = tiny.flock(store.path "lock", { wait = options.wait or false })
  if not lock then return nil, "another process uses the image store" end
  local used, why = marks()
  local count, bytes
  if used then
    -- A name that was removed must not come back without its layers.
    tiny.fsync(store.path "refs")
    count, bytes = sweep(used, options.wait and -1 or KEPT)
    -- What is being unpacked there would hold the lock.
    for _, name in ipairs(tiny.list_dir(store.path "trash") or {}) do
      if name:find "^%." then store.discard(store.path("trash/" .. name)) end
    end
  end
  lock:close()
  if not used then return nil, why end
  empty_trash()
  return count, bytes
end

-- The same in a process that outlives this one. If a pull or a start holds the lock then, the next collection deletes it.
function gc.collect_later()
  tiny.clone({ outlives = true }, function()
    tiny.setsid()
    local null <close> = tiny.open("/dev/null", { read = true, write = true })
    for number = 0, 2 do tiny.dup2(null, number) end
    gc.collect()
  end):keep()
end

return gc
