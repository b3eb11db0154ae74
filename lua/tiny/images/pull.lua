-- Pulls an image: manifest and configuration in this process, and each missing layer in a child, which fetches and unpacks it.
-- The ref is written last, so that an image is whole or does not exist; what was fetched of one that failed is kept for the
-- next attempt.
local manifest = require "tiny.images.manifest"
local platform = require "tiny.images.platform"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local pull = {}

-- The layers that are fetched and unpacked at once, as in docker.
local CHILDREN = 3

-- The image of a name if the store has it, for this platform.
local function present(full, wanted)
  local image = store.exists() and store.read_ref(full)
  if not image then return nil end
  if wanted and image.platform ~= platform.text(platform.parse(wanted)) then return nil end
  return image
end

-- Whether the store has everything of an image.
local function whole(image)
  for _, layer in ipairs(image.layers) do
    if not store.layer(layer.diff_id) or not store.has_blob(layer.digest) then return false end
  end
  return store.has_blob(image.config) and store.has_blob(image.manifest)
end

-- A small file of the image, from the store or the registry; its digest is checked.
local function small(source, part, what, fetch)
  local text = store.read_blob(part.digest)
  if text then return text end
  text = fetch()
  if "sha256:" .. tiny.sha256(text) ~= part.digest then
    manifest.wrong(what, ("has other content than its digest %s says"):format(part.digest), ("the registry %s sent something else"):format(source.registry))
  end
  store.put_blob(text)
  return text
end

-- The manifest for the wanted platform: { text, parsed, digest, index }.
local function choose(ref, source, options)
  local registry = require "tiny.images.registry"
  local name = reference.familiar(ref)
  local text, media_type, digest = registry.manifest(source, ref.digest or ref.tag, manifest.accepted())
  if ref.digest and digest ~= ref.digest then
    manifest.wrong("the manifest of " .. name, ("has the digest %s"):format(digest), ("the registry %s sent something else"):format(source.registry))
  end
  local found = { text = text, digest = digest, parsed = manifest.parse(text, media_type, "the manifest of " .. name) }
  if found.parsed.kind ~= "index" then return found end
  local best, names = platform.best(found.parsed, options.platform)
  if not best then
    tiny.fail {
      message = ("%s has no image for %s"):format(name, options.platform or platform.text(platform.host())), exit = 125,
      hint = #names > 0 and "it has " .. table.concat(names, ", ") .. ": choose with --platform" or "its index is empty",
    }
  end
  local own = { digest = best.digest, index = digest, index_text = text }
  own.text = small(source, best, "a manifest of " .. name, function()
    return (registry.manifest(source, best.digest, manifest.accepted()))
  end)
  own.parsed = manifest.parse(own.text, best.media_type, "a manifest of " .. name)
  if own.parsed.kind ~= "image" then manifest.wrong("the index of " .. name, "lists another index") end
  return own
end

-- The configuration's platform, time of creation and diff ids, checked against the manifest.
local function read_config(text, parsed, name)
  local what = "the configuration of " .. name
  local object = manifest.decode(text, what)
  local rootfs = manifest.field(object, "rootfs", "table", what) or {}
  local ids = manifest.field(rootfs, "diff_ids", "table", what) or {}
  if #ids ~= #parsed.layers then manifest.wrong(what, ("lists %d layers, and the manifest %d"):format(#ids, #parsed.layers)) end
  local layers, size = {}, 0
  for i, layer in ipairs(parsed.layers) do
    if not reference.is_digest(ids[i]) then manifest.wrong(what, ("is not valid: diff id %d: %s is not a digest"):format(i, tiny.show(ids[i]))) end
    if layer.foreign then
      manifest.wrong("the manifest of " .. name, ("lists layer %d at a foreign place"):format(i), "base layers of Windows do not run on Linux")
    end
    layers[i] = { digest = layer.digest, diff_id = ids[i], size = layer.size }
    size = size + layer.size
  end
  local own = { os = manifest.field(object, "os", "string", what), architecture = manifest.field(object, "architecture", "string", what),
    variant = manifest.field(object, "variant", "string", what) }
  return { layers = layers, size = size, platform = platform.text(own), created = manifest.field(object, "created", "string", what) }
end
pull.read_config = read_config

local function short(digest) return digest:sub(8, 19) end

-- Fetches the blob of a layer unless the store has it.
local function fetch(source, layer, tell)
  local ingest = store.ingest(layer.digest)
  if not ingest then return end
  local _, err = tiny.try(require("tiny.images.registry").blob, source, layer.digest, layer.size, ingest.path, {
    progress = function(done) tell("Downloading", done) end,
  })
  if err then
    ingest.close()
    error(err, 0)
  end
  ingest.commit()
end

-- Unpacks a layer whose blob the store has; the digests are checked there.
local function unpack(layer, name, tell)
  local unpacker <close> = require("tiny.images.unpack").open { image = name }
  unpacker:layer({ digest = layer.digest, diff_id = layer.diff_id }, nil, function(done) tell("Extracting", done) end)
end

-- What a child does for one layer.
local function work(source, layer, name, tell)
  if not store.has_blob(layer.digest) then
    if not source then tiny.fail { message = ("a layer of %s is missing: %s"):format(name, layer.digest), exit = 125 } end
    fetch(source, layer, tell)
  end
  if not store.layer(layer.diff_id) then unpack(layer, name, tell) end
end

-- Runs a child for each layer, CHILDREN at once. A child that fails ends the others.
local function run_children(source, layers, name, bars)
  local from, into = tiny.pipe { nonblock = "read" }
  local running, waiting, failure, rest = {}, {}, nil, ""
  for _, layer in ipairs(layers) do table.insert(waiting, layer) end
  local function begin(layer)
    local child = tiny.fork(function()
      tiny.set_parent_death_signal "SIGKILL"
      from:close()
      local last = 0
      work(source, layer, name, function(state, done)
        local now = tiny.clock "monotonic"
        if now - last < 0.1 and done < layer.size then return end
        last = now
        into:write(("%d %s %d\n"):format(layer.bar, state, done))
      end)
    end)
    running[child] = layer
  end
  local function show()
    local bytes = from:read()
    rest = rest .. (bytes or "")
    for bar, state, done in rest:gmatch("(%d+) (%a+) (%d+)\n") do
      bars:set(tonumber(bar), state, tonumber(done), bars.totals[tonumber(bar)])
    end
    rest = rest:match("[^\n]*$")
  end
  while true do
    while not failure and #waiting > 0 and #pull.keys(running) < CHILDREN do begin(table.remove(waiting, 1)) end
    if next(running) == nil then break end
    local handles = { from }
    for child in pairs(running) do table.insert(handles, child) end
    for _, ready in ipairs(tiny.poll(handles)) do
      local layer = running[ready]
      if not layer then show()
      else
        running[ready] = nil
        local status, err = tiny.try(ready.wait, ready)
        if not err and status ~= 0 then
          _, err = tiny.try(tiny.fail, { message = ("pulling a layer of %s was interrupted"):format(name), exit = 125 })
        end
        if err and not failure then
          failure = err
          for other in pairs(running) do tiny.try(tiny.kill, other, "SIGTERM") end
        elseif not err then bars:set(layer.bar, "Pull complete", nil, nil, true) end
      end
    end
  end
  from:close()
  into:close()
  if failure then error(failure, 0) end
end

-- The handles in a table.
function pull.keys(map)
  local list = {}
  for key in pairs(map) do table.insert(list, key) end
  return list
end

-- Stores the layers of an image that the store does not have; each of several equal ones once.
function pull.layers(source, image, name, bars)
  local missing, seen = {}, {}
  bars.totals = {}
  for _, layer in ipairs(image.layers) do
    if not seen[layer.diff_id] then
      seen[layer.diff_id] = true
      local here = store.layer(layer.diff_id) and store.has_blob(layer.digest)
      layer = { digest = layer.digest, diff_id = layer.diff_id, size = layer.size }
      layer.bar = bars:add(short(layer.digest), "Waiting")
      bars.totals[layer.bar] = layer.size
      if here then bars:set(layer.bar, "Already exists", nil, nil, true) else table.insert(missing, layer) end
    end
  end
  run_children(source, missing, name, bars)
  return #missing
end

local function pull_from(ref, source, options, bars)
  local full, name = reference.full(ref), reference.familiar(ref)
  bars:say(("%s: Pulling from %s"):format(ref.tag or ref.digest, source.repository))
  local found = choose(ref, source, options)
  local known = store.read_ref(full)
  if known and known.manifest == found.digest and known.index == found.index and whole(known) then return known, false end
  local config_text = small(source, found.parsed.config, "the configuration of " .. name, function()
    return require("tiny.images.registry").small_blob(source, found.parsed.config.digest, found.parsed.config.size)
  end)
  local image = read_config(config_text, found.parsed, name)
  image.manifest, image.index, image.config = found.digest, found.index, found.parsed.config.digest
  pull.layers(source, image, name, bars)
  store.put_blob(found.text)
  if found.index_text then store.put_blob(found.index_text) end
  -- Everything is on the disk before the name exists.
  store.sync()
  return store.write_ref(full, image), true
end

-- Pulls an image, given by its name or its parsed reference; returns it and whether anything changed. options: platform; policy: "always" (default), "missing" or "never";
-- quiet; out: the stream for the progress, 1 or 2.
function pull.pull(text, options)
  options = options or {}
  local ref = type(text) == "table" and text or reference.parse(text)
  if ref.transport then return require("tiny.images.archive").load_from(ref, options) end
  local full, name, policy = reference.full(ref), reference.familiar(ref), options.policy or "always"
  if policy ~= "always" then
    local image = present(full, options.platform)
    if image then return image, false end
    if policy == "never" then
      tiny.fail { message = ("there is no image %s on this machine"):format(name), hint = ("`tinylua pull %s` gets it"):format(name), exit = 125 }
    end
  end
  store.prepare()
  local _ <close> = store.lock "shared"
  local bars = require("tiny.base.progress").new { quiet = options.quiet, out = options.out }
  return require("tiny.images.registry").first(require("tiny.images.registries").sources(ref), function(source)
    local image, changed = tiny.try(pull_from, ref, source, options, bars)
    bars:close()
    if not image then error(changed, 0) end
    return image, changed
  end)
end

return pull
