-- The image store, below the store's folder. A ref is the only root of garbage collection and is written last, so that a crash
-- at any point leaves only what `gc` collects.
--   images/lock                  pulls and runs hold it shared, a collection exclusively
--   images/blobs/sha256/HEX      indexes, manifests, configurations and compressed layers, as in an OCI image layout
--   images/ingest/HEX            a partial download; .HEX-RANDOM if it did not wait for a slow one
--   images/locks/HEX             held by whoever downloads this blob, by the name of the partial download
--   images/layers/HEX/fs         an unpacked layer, by its diff id, or by its chain id if it has files of the layers below, to which it
--                                has hard links; made under a temporary name
--   images/layers/HEX/bytes      the size of the content of its files
--   images/refs/NAME/image.json  a name and its image
--   images/trash/                what is being deleted
local files = require "tiny.store.record_files"
local state = require "tiny.store.state"
local reference = require "tiny.images.reference"

local store = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)
-- A manifest or a configuration; registries and containerd have this limit too.
store.LARGEST = 4 << 20
local FOLDERS = { "blobs/sha256", "ingest", "locks", "layers", "refs", "trash" }

-- The store's folder, or a path below it.
function store.path(below)
  local folder = (state.roots()) .. "/images"
  return below and folder .. "/" .. below or folder
end

-- Creates the folders.
function store.prepare()
  tiny.mkdir(store.path(), { parents = true, mode = PRIVATE })
  for _, name in ipairs(FOLDERS) do tiny.mkdir(store.path(name), { parents = true, mode = PRIVATE }) end
end

-- Whether there is a store.
function store.exists()
  return tiny.stat(store.path "refs") ~= nil
end

-- The store's lock: shared for whoever reads or adds, exclusive for a collection.
function store.lock(how)
  if not store.exists() then store.prepare() end
  local lock = tiny.flock(store.path "lock", { shared = how == "shared", timeout = how == "shared" and 120 or nil })
  return lock or tiny.fail {
    message = "a collection of the image store has held its lock for two minutes", code = "ETIMEDOUT", exit = 125,
    hint = ("`fuser %s` shows which process"):format(store.path "lock"),
  }
end

-- The digits of a digest, which become a file name.
local function digits(digest)
  if not reference.is_digest(digest) then
    tiny.fail { message = ("%s is not a digest"):format(tiny.show(digest)), hint = "a digest is sha256: and 64 lower-case hexadecimal digits", exit = 125 }
  end
  return digest:sub(8)
end

-- The path of a blob, which need not exist.
function store.blob(digest) return store.path("blobs/sha256/" .. digits(digest)) end

-- The size of a blob; nil if the store does not have it.
function store.has_blob(digest)
  local s = tiny.stat(store.blob(digest))
  return s and s.size
end

-- The text of a small blob, whose digest is checked; nil if the store does not have it.
function store.read_blob(digest)
  local path = store.blob(digest)
  local s = tiny.stat(path)
  if not s then return nil end
  local text = s.size <= store.LARGEST and tiny.read_file(path) or ""
  if "sha256:" .. tiny.sha256(text) ~= digest then
    tiny.fail { message = ("the image store is damaged: %s has other content"):format(path), hint = "`tinylua image verify --repair` fetches it again", exit = 125 }
  end
  return text
end

-- Stores a small blob; returns its digest.
function store.put_blob(text)
  local digest = "sha256:" .. tiny.sha256(text)
  if store.has_blob(digest) ~= #text then tiny.write_file(store.blob(digest), text, { mode = PRIVATE_FILE, sync = true }) end
  return digest
end

-- What an error says when the disk of the store is full, and its hint.
function store.no_space()
  return ("the disk is full: %s needs space"):format(store.path()), "`tinylua image prune` removes unused images"
end

-- The size of a download; 0 if it has not begun.
local function size_of(path)
  local s = tiny.stat(path)
  return s and s.size or 0
end

-- Fails if the disk has no space for those of these blobs, a list of { digest, size }, that the store does not have.
function store.check_space(blobs, name)
  -- The sizes are what a registry says: their sum may be any number.
  local need, seen = 0.0, {}
  for _, blob in ipairs(blobs) do
    if not seen[blob.digest] and not store.has_blob(blob.digest) then
      need = need + math.max(blob.size - size_of(store.path("ingest/" .. digits(blob.digest))), 0)
    end
    seen[blob.digest] = true
  end
  local space = tiny.statvfs(store.path())
  -- Some file systems do not know their size.
  if space.size == 0 or need <= space.available then return end
  local _, hint = store.no_space()
  tiny.fail {
    message = ("%s needs %.1f MB on the disk of %s, which has %.1f MB"):format(name, need / 1e6, store.path(), space.available / 1e6),
    hint = hint, code = "ENOSPC", exit = 125,
  }
end

-- Seconds after which a download waits no longer for another one of the same blob that has fetched less than this many bytes meanwhile.
store.PATIENCE = 10
local LEAST = 100000

-- The lock of a download; nil if the process that has it is too slow to wait for.
local function lock_download(name, path)
  local size = size_of(path)
  while true do
    local before = size
    local lock = tiny.flock(name, { timeout = store.PATIENCE })
    if lock then return lock end
    size = size_of(path)
    if size - before < LEAST * store.PATIENCE then return nil end
  end
end

-- A download of a blob. Its file keeps what an earlier attempt has fetched. Waits for another process that fetches the same, unless that
-- is slow: its registry may never send the rest. Returns nil if the store has the blob then.
function store.ingest(digest)
  local name, own = digits(digest), false
  -- A file of its own, since a download may begin anew with another file.
  local lock = lock_download(store.path("locks/" .. name), store.path("ingest/" .. name))
  if not lock then
    name, own = (".%s-%s"):format(name, tiny.random_id(16)), true
    lock = tiny.flock(store.path("locks/" .. name))
  end
  local path = store.path("ingest/" .. name)
  if store.has_blob(digest) then
    tiny.try(tiny.remove, path)
    lock:close()
    return nil
  end
  local ingest = { path = path, digest = digest }
  -- The caller has verified the content.
  function ingest.commit()
    tiny.fsync(path)
    tiny.rename(path, store.blob(digest))
    lock:close()
  end
  -- Discards the content.
  function ingest.discard()
    tiny.try(tiny.remove, path)
    lock:close()
  end
  -- Keeps the content for the next attempt, which finds only that of the one file that all know.
  function ingest.close()
    if own then return ingest.discard() end
    lock:close()
  end
  return ingest
end

-- What is wrong with a blob; nil if it is whole.
function store.blob_damage(digest)
  local file, err = tiny.try(tiny.open, store.blob(digest))
  if err then return err.code == "ENOENT" and "is missing" or "cannot be read: " .. (err.code or err.message) end
  local _ <close> = file
  local own, failure = tiny.try(tiny.sha256_file, file)
  if not own then return "cannot be read: " .. (failure.code or failure.message) end
  return own ~= digest and "has other content" or nil
end

-- The id of a layer in the store, of those that a ref has: its chain id depends on the layers below too.
function store.layer_id(layer) return layer.chain_id or layer.diff_id end

-- Makes a complete file of the store the blob of its digest, unless the store has that.
function store.keep_file(path, digest)
  if store.has_blob(digest) then return tiny.remove(path) end
  tiny.fsync(path)
  tiny.rename(path, store.blob(digest))
end

-- The root of an unpacked layer; nil if the store does not have it.
function store.layer(id)
  local path = store.path("layers/" .. digits(id)) .. "/fs"
  return tiny.stat(path) and path or nil
end

-- Whether a layer hides all layers below it: its root is opaque, which the kernel does not know.
function store.hides_all(id)
  return tiny.stat(store.path("layers/" .. digits(id)) .. "/opaque") ~= nil
end

-- Whether files of a layer belong to the user because their own owners do not exist.
function store.is_squashed(id)
  return tiny.stat(store.path("layers/" .. digits(id)) .. "/squashed") ~= nil
end

-- A new folder for a layer, whose name `commit_layers` changes to its id.
function store.new_layer()
  local path = store.path("layers/.new-" .. tiny.random_id(16))
  tiny.mkdir(path, { mode = PRIVATE })
  return path
end

-- Gives complete layers, a list of { path, id }, their names. Their content is on the disk before: a pull after a power cut takes
-- a layer with a name as whole. If another process was first, its layer stays and this one is deleted.
function store.commit_layers(list)
  if #list > 0 then store.sync() end
  for _, layer in ipairs(list) do
    local _, err = tiny.try(tiny.rename, layer.path, store.path("layers/" .. digits(layer.id)), { exclusive = true })
    if err and err.code ~= "EEXIST" then error(err, 0) end
    if err then store.discard(layer.path) end
  end
end

-- Moves a file or folder of the store into the trash, from which `empty_trash` deletes it: for others it is gone at once.
function store.discard(path)
  local _, err = tiny.try(tiny.rename, path, store.path("trash/" .. tiny.random_id(16)))
  if err and err.code ~= "ENOENT" then error(err, 0) end
end

-- Waits until everything written to the store is on the disk: before a layer has its name, and before a ref points to it.
function store.sync()
  tiny.syncfs(store.path())
end

-- A ref's folder. No part of a name contains a "+".
local function folder_of(full) return store.path("refs/" .. full:gsub("/", "+")) end

local NONE = {}
local is_digest = reference.is_digest
local TYPES = { layers = "table", size = "number", created = "string", stored_at = "string", platform = "string" }

local function is_whole(image, folder)
  if type(image) ~= "table" or type(image.name) ~= "string" or files.too_new(image) then return false end
  -- The characters of a name: whoever shows it need not escape it.
  if image.name:gsub("/", "+") ~= folder or folder:find("[^%w._:+@%[%]<>-]") then return false end
  if not (is_digest(image.manifest) and is_digest(image.config) and (image.index == nil or is_digest(image.index))) then return false end
  for key, kind in next, TYPES do
    if image[key] ~= nil and type(image[key]) ~= kind then return false end
  end
  for _, layer in ipairs(image.layers or NONE) do
    if type(layer) ~= "table" or not (is_digest(layer.digest) and is_digest(layer.diff_id)) then return false end
    if not (layer.chain_id == nil or is_digest(layer.chain_id)) or not (layer.squashed == nil or layer.squashed == true) then return false end
  end
  return true
end

-- The image in a ref, as far as it was read, or why it is damaged. all: it was read whole.
local function check_ref(image, folder, all)
  if is_whole(image, folder) and (image.layers or not all) then return image end
  return nil, ("the image name %s is damaged, or was written by a newer tinylua"):format(tiny.show((folder:gsub("+", "/"))))
end

-- Points a name to an image: { manifest, config, layers = { { digest, diff_id, chain_id, size, squashed } }, size, platform = "linux/amd64", index,
-- created }. Whatever it names has been synced to the disk before; afterwards the name has the old or the new image.
function store.write_ref(full, image)
  local folder = folder_of(full)
  local record = { version = files.VERSION, name = full, stored_at = tiny.timestamp() }
  for key, value in pairs(image) do record[key] = record[key] or value end
  local text = tiny.json_encode(record, { pretty = true }) .. "\n"
  if #text > store.LARGEST then
    tiny.fail { message = ("the record of %s would have %d bytes: more than %d are not read"):format(full, #text, store.LARGEST), hint = "the image is damaged or forged", code = "EFBIG", exit = 125 }
  end
  local _, err
  -- Its folder may be removed meanwhile.
  for _ = 1, 100 do
    tiny.mkdir(folder, { parents = true, mode = PRIVATE })
    _, err = tiny.try(tiny.write_file, folder .. "/image.json", text, { mode = PRIVATE_FILE, sync = true })
    if not err or err.code ~= "ENOENT" then break end
  end
  if err then error(err, 0) end
  tiny.fsync(store.path "refs")
  return record
end

-- The image of a name; nil if there is none; fails if the ref is damaged.
function store.read_ref(full)
  local folder = folder_of(full)
  local text = tiny.read_file(folder .. "/image.json", { max = store.LARGEST })
  if not text then return nil end
  local image, damage = check_ref((tiny.json_decode(text)), folder:match("[^/]+$"), true)
  return image or tiny.fail { message = damage, hint = "`tinylua rmi` removes the name, and `tinylua pull` restores it", exit = 125 }
end

-- Whether there is a name, damaged or not.
function store.has_ref(full)
  return tiny.stat(folder_of(full)) ~= nil
end

-- Removes a name, damaged or not; returns whether it existed. After a power cut it may be there again, with all it names: a
-- collection syncs first.
function store.remove_ref(full)
  local folder = folder_of(full)
  if not tiny.stat(folder) then return false end
  store.discard(folder)
  return true
end

-- All images, by name, and the names that are damaged: { name, damage }. keys: what the caller needs to know of each, which is
-- faster; nil for all.
function store.refs(keys)
  local only = keys and table.move(keys, 1, #keys, 5, { "name", "manifest", "config", "version" })
  local list, damaged, names = {}, {}, {}
  local found = tiny.read_json_files(store.path "refs", { "image.json" }, only and { keys = only }) or {}
  for name in pairs(found) do table.insert(names, name) end
  table.sort(names)
  for _, name in ipairs(names) do
    local image, damage = check_ref(found[name]["image.json"], name, keys == nil)
    local unread, text, err = not image and found[name]["image.json"] == nil, nil, nil
    -- The file may have been written a moment later. A folder without a file is what a crash leaves; a file that cannot be read may
    -- be all that keeps an image.
    if unread then text, err = tiny.try(tiny.read_file, store.path("refs/" .. name .. "/image.json"), { max = store.LARGEST }) end
    if text then image, damage = check_ref((tiny.json_decode(text)), name, keys == nil) end
    if image then table.insert(list, image)
    elseif not unread or text or err then
      table.insert(damaged, { name = (name:gsub("+", "/")), damage = damage })
    end
  end
  return list, damaged
end

-- Whether an image is the one of a digest: that of its manifest, or of the index that it came from.
local function is_pinned(image, digest)
  return image.manifest == digest or image.index == digest
end

-- The images with this name, or whose id (the digest of the configuration) begins with it.
function store.find(text)
  local parsed = tiny.try(reference.parse, text)
  local image = parsed and not parsed.transport and store.read_ref(reference.full(parsed))
  if image and parsed.digest and not is_pinned(image, parsed.digest) then
    tiny.fail { message = ("the image store is damaged: %s has another digest"):format(text), hint = "`tinylua rmi` removes the name, and `tinylua pull` restores it", exit = 125 }
  end
  if image then return { image } end
  local id = text:match("^sha256:([0-9a-f]+)$") or text:match("^([0-9a-f]+)$")
  local found = {}
  if not (id and #id <= 64) and not (parsed and parsed.digest) then return found end
  for _, other in ipairs((store.refs())) do
    local named = parsed and parsed.digest and is_pinned(other, parsed.digest)
      and reference.repository(other.name) == parsed.registry .. "/" .. parsed.repository
    local by_id = id and #id <= 64 and (other.config:sub(8, 7 + #id) == id or other.manifest == "sha256:" .. id)
    if named or by_id then table.insert(found, other) end
  end
  return found
end

-- The one image with this name or id; nil if there is none.
function store.find_one(text)
  local found = store.find(text)
  for _, other in ipairs(found) do
    if other.config ~= found[1].config then
      tiny.fail { message = ("%s is the beginning of several image ids"):format(tiny.show(text)), hint = "write more of it; `tinylua images` lists them", exit = 125 }
    end
  end
  return found[1]
end

return store
