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

return usage
