-- Pushes an image: the blobs that the registry does not have, and then the manifest under its name. Both are the bytes that were
-- pulled or built, so that the digest stays the same.
local manifest = require "tiny.images.manifest"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local push = {}

local function short(digest) return digest:sub(8, 19) end

-- A repository of the same registry from which an image with this layer has come: then the registry has the layer.
local function origin(layer, ref)
  for _, image in ipairs((store.refs())) do
    local other = tiny.try(reference.parse, image.name)
    if other and other.registry == ref.registry and other.repository ~= ref.repository then
      for _, own in ipairs(image.layers) do
        if own.digest == layer.digest then return other.repository end
      end
    end
  end
end

local function send(registry, source, ref, blob, number, bars)
  if registry.exists(source, blob.digest) then return bars:set(number, "Layer already exists", nil, nil, true) end
  if not store.has_blob(blob.digest) then
    tiny.fail { message = ("the image store has no %s"):format(blob.digest), hint = "`tinylua image verify --repair` fetches what is missing", exit = 125 }
  end
  bars:set(number, "Pushing", 0, blob.size)
  registry.upload(source, blob.digest, store.blob(blob.digest), { from = blob.layer and origin(blob, ref) or nil })
  bars:set(number, "Pushed", nil, nil, true)
end

-- Pushes the image of a ref under a name; returns the digest. options: quiet.
function push.push(image, ref, options)
  local registry = require "tiny.images.registry"
  local text = store.read_blob(image.manifest) or tiny.fail {
    message = "the image store has no manifest of " .. image.name, hint = "`tinylua pull` fetches it again", exit = 125,
  }
  local parsed = manifest.parse(text, nil, "the manifest of " .. image.name)
  -- Mirrors come before the registry itself.
  local sources = require("tiny.images.registries").sources(ref)
  local source = sources[#sources]
  local bars = require("tiny.base.progress").new { quiet = options.quiet }
  local _, err = tiny.try(function()
    bars:say(("The push refers to repository [%s/%s]"):format(ref.registry, ref.repository))
    local seen, blobs = {}, {}
    for _, layer in ipairs(parsed.layers) do table.insert(blobs, { digest = layer.digest, size = layer.size, layer = true }) end
    table.insert(blobs, { digest = parsed.config.digest, size = parsed.config.size })
    for _, blob in ipairs(blobs) do
      if not seen[blob.digest] then
        seen[blob.digest] = true
        send(registry, source, ref, blob, bars:add(short(blob.digest), "Waiting"), bars)
      end
    end
    registry.put_manifest(source, ref.tag or image.manifest, text, parsed.media_type)
  end)
  bars:close()
  if err then error(err, 0) end
  return image.manifest, #text
end

return push
