-- The image store, below the store's folder. A ref is the only root of garbage collection and is written last, so that a crash
-- at any point leaves only what `gc` collects.
--   images/lock                  pulls and runs hold it shared, a collection exclusively
--   images/blobs/sha256/HEX      indexes, manifests, configurations and compressed layers, as in an OCI image layout
--   images/ingest/HEX            a partial download; whoever downloads it holds its lock
--   images/layers/HEX/fs         an unpacked layer, by its diff id; made under a temporary name
--   images/refs/NAME/image.json  a name and its image
--   images/trash/                what is being deleted
local files = require "tiny.store.record_files"
local state = require "tiny.store.state"
local reference = require "tiny.images.reference"

local store = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)
-- A manifest or a configuration; registries and containerd have this limit too.
store.LARGEST = 4 << 20
local FOLDERS = { "blobs/sha256", "ingest", "layers", "refs", "trash" }

-- The store's folder, or a path below it.
function store.path(below)
  local folder = (state.roots()) .. "/images"
  return below and folder .. "/" .. below or folder
end

-- Creates the folders.
function store.prepare()
  for _, name in ipairs(FOLDERS) do tiny.mkdir(store.path(name), { parents = true, mode = PRIVATE }) end
end

-- Whether there is a store.
function store.exists()
  return tiny.stat(store.path "refs") ~= nil
end

-- The store's lock: shared for whoever reads or adds, exclusive for a collection.
function store.lock(how)
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
  if not store.has_blob(digest) then tiny.write_file(store.blob(digest), text, { mode = PRIVATE_FILE, sync = true }) end
  return digest
end

-- A download of a blob. Its file keeps what an earlier attempt has fetched. Waits for another process that fetches the same;
-- returns nil if the store has the blob then.
function store.ingest(digest)
  local path = store.path("ingest/" .. digits(digest))
  local lock = tiny.flock(path)
  if store.has_blob(digest) then
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
    tiny.remove(path)
    lock:close()
  end
  function ingest.close() lock:close() end
  return ingest
end

-- The root of an unpacked layer; nil if the store does not have it.
function store.layer(diff_id)
  local path = store.path("layers/" .. digits(diff_id)) .. "/fs"
  return tiny.stat(path) and path or nil
end

-- A new folder for a layer, whose name `commit_layer` changes to its diff id.
function store.new_layer()
  local path = store.path("layers/.new-" .. tiny.random_id(16))
  tiny.mkdir(path, { mode = PRIVATE })
  return path
end

-- Gives a complete layer its name. If another process was first, its layer stays and this one is deleted.
function store.commit_layer(path, diff_id)
  local _, err = tiny.try(tiny.rename, path, store.path("layers/" .. digits(diff_id)), { exclusive = true })
  if not err then return end
  if err.code ~= "EEXIST" then error(err, 0) end
  store.discard(path)
end

-- Moves a file or folder of the store into the trash, from which `empty_trash` deletes it: for others it is gone at once.
function store.discard(path)
  local _, err = tiny.try(tiny.rename, path, store.path("trash/" .. tiny.random_id(16)))
  if err and err.code ~= "ENOENT" then error(err, 0) end
end

-- Waits until everything written to the store is on the disk: before a ref points to it.
function store.sync()
  tiny.syncfs(store.path())
end

-- A ref's folder. No part of a name contains a "+".
local function folder_of(full) return store.path("refs/" .. full:gsub("/", "+")) end

local function check_ref(image, path)
  local whole = type(image) == "table" and type(image.name) == "string" and reference.is_digest(image.manifest) and reference.is_digest(image.config)
    and type(image.layers) == "table" and type(image.size) == "number" and not files.too_new(image)
  for _, layer in ipairs(whole and image.layers or {}) do
    whole = whole and type(layer) == "table" and reference.is_digest(layer.digest) and reference.is_digest(layer.diff_id)
  end
  return whole and image or nil, not whole and ("%s is damaged, or was written by a newer tinylua"):format(path) or nil
end

-- Points a name to an image: { manifest, config, layers = { { digest, diff_id, size } }, size, platform, index, created }.
function store.write_ref(full, image)
  local folder = folder_of(full)
  tiny.mkdir(folder, { parents = true, mode = PRIVATE })
  image.name, image.version, image.stored_at = full, files.VERSION, image.stored_at or tiny.timestamp()
  tiny.write_file(folder .. "/image.json", tiny.json_encode(image, { pretty = true }) .. "\n", { mode = PRIVATE_FILE, sync = true })
  tiny.fsync(store.path "refs")
end

-- The image of a name; nil if there is none; fails if the ref is damaged.
function store.read_ref(full)
  local path = folder_of(full) .. "/image.json"
  local text = tiny.try(tiny.read_file, path)
  if not text then return nil end
  local image, damage = check_ref((tiny.json_decode(text)), path)
  return image or tiny.fail { message = damage, hint = "`tinylua image rm` removes the name", exit = 125 }
end

-- Removes a name; returns whether it existed.
function store.remove_ref(full)
  local folder = folder_of(full)
  if not tiny.stat(folder) then return false end
  store.discard(folder)
  tiny.fsync(store.path "refs")
  return true
end

-- All images, by name, and the damage of refs that cannot be read.
function store.refs()
  local list, damaged = {}, {}
  for name, found in pairs(tiny.read_json_files(store.path "refs", { "image.json" }) or {}) do
    local image, damage = check_ref(found["image.json"], store.path("refs/" .. name))
    -- A folder without a file is what a crash leaves.
    if image then table.insert(list, image)
    elseif found["image.json"] ~= nil or tiny.stat(store.path("refs/" .. name .. "/image.json")) then table.insert(damaged, damage) end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list, damaged
end

-- The images with this name, or whose id (the digest of the configuration) begins with it.
function store.find(text)
  local parsed = tiny.try(reference.parse, text)
  local image = parsed and not parsed.transport and store.read_ref(reference.full(parsed))
  if image then return { image } end
  local id = text:match("^sha256:([0-9a-f]+)$") or text:match("^([0-9a-f]+)$")
  local found = {}
  if id and #id <= 64 then
    for _, other in ipairs((store.refs())) do
      if other.config:sub(8, 7 + #id) == id or other.manifest == "sha256:" .. id then table.insert(found, other) end
    end
  end
  return found
end

return store
