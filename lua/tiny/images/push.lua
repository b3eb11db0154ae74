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

-- The layers and the configuration of a manifest, each once.
local function blobs_of(parsed, ref)
  local list, seen = {}, {}
  local function add(part, from)
    if seen[part.digest] then return end
    seen[part.digest] = true
    table.insert(list, { digest = part.digest, size = part.size, from = from })
  end
  for _, layer in ipairs(parsed.layers) do add(layer, origin(layer, ref)) end
  add(parsed.config)
  return list
end

-- Sends the blobs that the registry does not have.
local function send_missing(registry, source, blobs, image, bars)
  local missing = {}
  for _, blob in ipairs(blobs) do blob.bar = bars:add(short(blob.digest), "Waiting") end
  for _, blob in ipairs(blobs) do
    if registry.exists(source, blob.digest) then bars:set(blob.bar, "Layer already exists", nil, nil, true)
    elseif store.has_blob(blob.digest) then table.insert(missing, blob)
    else
      tiny.fail { message = ("the image store has no %s"):format(blob.digest), hint = "`tinylua image verify --repair` fetches what is missing", exit = 125 }
    end
  end
  require("tiny.images.jobs").run(missing, {
    most = source.parallel, ended = "Pushed", interrupted = ("pushing a layer of %s was interrupted"):format(image.name),
    work = function(blob, tell)
      tell("Pushing", 0)
      registry.upload(source, blob.digest, store.blob(blob.digest), { from = blob.from, progress = function(sent) tell("Pushing", sent) end })
    end,
  }, bars)
end

-- Pushes the image of a ref under a name; returns the digest and the size of the manifest, and the source. options: quiet, source (that
-- of an earlier push to the same repository).
function push.push(image, ref, options)
  local registry = require "tiny.images.registry"
  local text = store.read_blob(image.manifest) or tiny.fail {
    message = "the image store has no manifest of " .. image.name, hint = "`tinylua pull` fetches it again", exit = 125,
  }
  local parsed = manifest.parse(text, nil, "the manifest of " .. image.name)
  -- Mirrors come before the registry itself.
  local sources = require("tiny.images.registries").sources(ref)
  local source = options.source or sources[#sources]
  local bars = require("tiny.base.progress").new { quiet = options.quiet }
  local _, err = tiny.try(function()
    if not options.source then bars:say(("The push refers to repository [%s/%s]"):format(ref.registry, ref.repository)) end
    send_missing(registry, source, blobs_of(parsed, ref), image, bars)
    registry.put_manifest(source, ref.tag or image.manifest, text, parsed.media_type)
  end)
  bars:close()
  if err then error(err, 0) end
  return image.manifest, #text, source
end

return push
