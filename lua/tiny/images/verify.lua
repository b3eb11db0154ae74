-- Checks that the store has everything that its images need, unchanged: the digest of each blob, and each unpacked layer against one
-- that is unpacked again. Repairs what it can: blobs from the registry, layers from their blobs.
local local_image = require "tiny.images.local_image"
local manifest = require "tiny.images.manifest"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local verify = {}

-- A digest of all that a directory holds: equal trees are packed into equal bytes.
local function digest_of(directory)
  local null <close> = tiny.open("/dev/null", { write = true })
  return require("tiny.images.pack").directory(directory, null).diff_id
end

-- Unpacks a layer's blob once more, above those of the ids `below`; calls f with the new folder, which is removed afterwards if f
-- has not moved it.
local function unpacked_again(layer, below, name, f)
  local unpacker <close> = require("tiny.images.unpack").open { image = name, unnamed = true, squash_ids = layer.squashed }
  local job = unpacker:layer { digest = layer.digest, diff_id = layer.diff_id, chain_id = layer.chain_id }
  if job.linked then require("tiny.images.lower_links").make(job, below, name) end
  local result, err = tiny.try(f, job.path)
  store.discard(job.path)
  if err then error(err, 0) end
  return result
end

-- Fetches a blob from the registry of an image.
local function fetch(image, part)
  local ref = tiny.try(reference.parse, image.name)
  if not ref or ref.registry == "" or ref.registry == "localhost" then
    tiny.fail { message = image.name .. " did not come from a registry", hint = "load or build it again", exit = 125 }
  end
  if not part.manifest and not part.size then
    tiny.fail { message = "its size is unknown without the manifest", hint = "`tinylua pull` fetches the image again", exit = 125 }
  end
  local registry = require "tiny.images.registry"
  registry.first(require("tiny.images.registries").sources(ref), function(source)
    if part.manifest then return store.put_blob((registry.manifest(source, part.digest, manifest.accepted()))) end
    local ingest = store.ingest(part.digest)
    if not ingest then return true end
    local _, err = tiny.try(registry.blob, source, part.digest, part.size, ingest.path)
    if err then
      ingest.close()
      error(err, 0)
    end
    ingest.commit()
    return true
  end)
end

-- The index and the manifest of an image; what they name can only be fetched with them.
local function heads_of(image)
  local parts = { { digest = image.manifest, manifest = true, what = "manifest" } }
  if image.index then table.insert(parts, 1, { digest = image.index, manifest = true, what = "index" }) end
  return parts
end

-- The blobs that a manifest names: { digest, size }.
local function others_of(image)
  local text = not store.blob_damage(image.manifest) and store.read_blob(image.manifest)
  local parsed = text and tiny.try(manifest.parse, text, nil, "the manifest of " .. image.name) or nil
  local parts = { { digest = image.config, size = parsed and parsed.config.size, what = "configuration" } }
  for _, layer in ipairs(image.layers) do table.insert(parts, { digest = layer.digest, size = layer.size, what = "layer" }) end
  return parts
end

-- Checks one image. seen: what was checked for others. say(text): reports damage, and repairs. Returns how much damage remains.
function verify.image(image, options, seen, say)
  local left = 0
  local function check(key, what, damage, repair)
    if seen[key] then return end
    seen[key] = true
    local function wrong()
      local why, err = tiny.try(damage)
      return why or err and "cannot be checked: " .. err.message
    end
    local why = wrong()
    if not why then return end
    if not options.repair then
      left = left + 1
      return say(("%s: %s %s"):format(image.name, what, why))
    end
    local _, err = tiny.try(repair)
    local again = not err and wrong()
    if err or again then
      left = left + 1
      return say(("%s: %s %s, and is not repaired: %s"):format(image.name, what, why, err and (err.message or tostring(err)) or "it " .. again))
    end
    say(("%s: %s %s: repaired"):format(image.name, what, why))
  end
  local function blobs(parts)
    for _, part in ipairs(parts) do
      check(part.digest, ("the %s %s"):format(part.what, part.digest), function() return store.blob_damage(part.digest) end, function()
        store.discard(store.blob(part.digest))
        fetch(image, part)
      end)
    end
  end
  blobs(heads_of(image))
  blobs(others_of(image))
  for at, layer in ipairs(image.layers) do
    if not store.blob_damage(layer.digest) then
      local id, below = store.layer_id(layer), local_image.layer_ids(image, at - 1)
      check(("fs %s %s"):format(id, layer.digest), ("the unpacked layer %s"):format(layer.diff_id), function()
        local path = store.layer(id)
        if not path then return "is missing" end
        local own = unpacked_again(layer, below, image.name, function(folder) return digest_of(folder .. "/fs") end)
        return digest_of(path) ~= own and "has other content than its blob" or nil
      end, function()
        unpacked_again(layer, below, image.name, function(folder)
          -- Until it is replaced, no container can start. Those that run keep the old directory.
          store.sync()
          store.discard(store.path("layers/" .. id:sub(8)))
          store.commit_layers { { path = folder, id = id } }
        end)
        store.sync()
      end)
    end
  end
  return left
end

return verify
