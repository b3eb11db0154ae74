-- What the images of the store share, and what they take on the disk: each layer and blob counts once.
local layers = require "tiny.images.layers"
local local_image = require "tiny.images.local_image"
local store = require "tiny.images.store"

local usage = {}

-- All images, each once, whatever names it has: { config, manifest, index, names, layers, created }; and the names that are damaged.
function usage.images()
  local list, by_manifest = {}, {}
  local refs, damaged = store.refs()
  for _, ref in ipairs(refs) do
    local image = by_manifest[ref.manifest]
    if not image then
      image = { config = ref.config, manifest = ref.manifest, index = ref.index, names = {}, layers = ref.layers, created = ref.created }
      by_manifest[ref.manifest] = image
      table.insert(list, image)
    end
    table.insert(image.names, local_image.familiar(ref))
  end
  return list, damaged
end

-- By the layer's id in the store, the images of a list that have the layer.
function usage.sharers(images)
  local by_layer = {}
  for _, image in ipairs(images) do
    for _, layer in ipairs(image.layers) do
      local id = store.layer_id(layer)
      local sharers = by_layer[id] or {}
      by_layer[id] = sharers
      if sharers[#sharers] ~= image then table.insert(sharers, image) end
    end
  end
  return by_layer
end

-- The layers of an image from the lowest up, with the result of `sharers` for all images: { diff_id, digest, size (compressed),
-- bytes (of its files), shared_with (names of other images) }.
function usage.layers(image, sharers)
  local ids, list = local_image.layer_ids(image), {}
  local sizes = layers.sizes(ids)
  for at, layer in ipairs(image.layers) do
    local names = {}
    for _, other in ipairs(sharers[ids[at]] or {}) do
      if other.manifest ~= image.manifest then table.insert(names, other.names[1]) end
    end
    list[at] = { diff_id = layer.diff_id, digest = layer.digest, size = layer.size, bytes = sizes[ids[at]], shared_with = names }
  end
  return list
end

local function blob_size(digest) return digest and store.has_blob(digest) or 0 end

-- The bytes of each part of an image, by a name that is unique in the store.
local function parts_of(image, sizes)
  local parts = {}
  for _, digest in ipairs { image.manifest, image.config, image.index } do parts["blob " .. digest] = blob_size(digest) end
  for _, layer in ipairs(image.layers) do
    parts["blob " .. layer.digest] = blob_size(layer.digest)
    local id = store.layer_id(layer)
    parts["layer " .. id] = sizes[id] or 0
  end
  return parts
end

-- What images take on the disk, compressed and unpacked: the images, each with `size`, `shared` (with others), `unique` and `containers`
-- (how many were made from it); the bytes of all, and of those that no container was made from and that no other one needs. Content
-- that no image needs is not counted: `gc` deletes it.
function usage.disk()
  local images, damaged = usage.images()
  local users, ids, owners, sizes_of, used = local_image.users(), {}, {}, {}, {}
  for _, image in ipairs(images) do
    for _, id in ipairs(local_image.layer_ids(image)) do table.insert(ids, id) end
  end
  local sizes = layers.sizes(ids)
  -- A container keeps its layers, whether its image still has a name or not.
  for _, container in ipairs(require("tiny.store.records").list { "from_image" }) do
    for _, id in ipairs((container.config.from_image or {}).layers or {}) do used["layer " .. id] = true end
  end
  for _, image in ipairs(images) do
    image.containers, image.parts = #(users[image.manifest] or {}), parts_of(image, sizes)
    for part, bytes in pairs(image.parts) do
      owners[part], sizes_of[part] = (owners[part] or 0) + 1, bytes
      used[part] = used[part] or image.containers > 0
    end
  end
  local total, reclaimable = 0, 0
  for part, bytes in pairs(sizes_of) do
    total, reclaimable = total + bytes, reclaimable + (used[part] and 0 or bytes)
  end
  for _, image in ipairs(images) do
    image.size, image.shared = 0, 0
    for part, bytes in pairs(image.parts) do
      image.size, image.shared = image.size + bytes, image.shared + (owners[part] > 1 and bytes or 0)
    end
    image.unique, image.parts = image.size - image.shared, nil
  end
  return { images = images, size = total, reclaimable = reclaimable, damaged = damaged }
end

return usage
