-- Stores the layers of an image that the store does not have: each in a child, which fetches and unpacks it.
local config = require "tiny.images.config"
local lower_links = require "tiny.images.lower_links"
local manifest = require "tiny.images.manifest"
local platform = require "tiny.images.platform"
local store = require "tiny.images.store"

local layer_jobs = {}

-- The layers of an archive that are unpacked at once; for a registry, `parallel` of registries.lua says it.
local CHILDREN = 3

-- What a ref says of an image with this configuration and manifest, which are checked.
function layer_jobs.describe(text, parsed, name)
  local found = config.parse(text, "the configuration of " .. name, #parsed.layers)
  local layers, size, chain_ids = {}, 0, lower_links.chain_ids(found.diff_ids)
  for i, layer in ipairs(parsed.layers) do
    if layer.foreign then
      manifest.wrong("the manifest of " .. name, ("lists layer %d at a foreign place"):format(i), "base layers of Windows do not run on Linux")
    end
    layers[i] = { digest = layer.digest, diff_id = found.diff_ids[i], chain_id = chain_ids[i], size = layer.size }
    size = size + layer.size
  end
  return { layers = layers, size = size, platform = platform.text(found), created = found.created }
end

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

-- Unpacks a layer whose blob the store has into its new folder; the digests are checked there. One that needs those below keeps its
-- links there.
local function unpack(layer, name, tell)
  local unpacker <close> = require("tiny.images.unpack").open { image = name, squash_ids = layer.squash_ids, unnamed = true }
  local job, err = tiny.try(unpacker.layer, unpacker, { digest = layer.digest, diff_id = layer.diff_id, chain_id = layer.chain_id, path = layer.path }, nil, tell)
  local damage = err and store.blob_damage(layer.digest)
  if damage then
    store.discard(store.blob(layer.digest))
    err = { message = ("layer %s of %s %s in the store"):format(layer.digest, name, damage), hint = "it was removed: get the image again", code = "EBADMSG", exit = 125 }
  end
  if err then tiny.fail(err) end
  if job.linked then lower_links.keep(job) end
end

local function is_unpacked(layer) return store.layer(layer.diff_id) ~= nil or store.layer(layer.chain_id) ~= nil end

-- What a child does for one layer.
local function work(source, layer, name, tell)
  if not store.has_blob(layer.digest) then
    if not source then tiny.fail { message = ("a layer of %s is missing: %s"):format(name, layer.digest), exit = 125 } end
    fetch(source, layer, tell)
  end
  if layer.path then
    unpack(layer, name, function(done) tell("Extracting", done) end)
    -- While others use the processor: the sync of all layers then finds little to write.
    store.sync()
  end
end

-- Completes the layers with hard links into those below, from the lowest up. `linked` has them by diff id. The others keep no chain id.
-- One that another image has squashed is not this one.
local function complete(layers, linked, name, squash_ids)
  local below, size = {}, 0
  for at, layer in ipairs(layers) do
    size = size + layer.size
    if store.layer(layer.diff_id) then layer.chain_id = nil
    elseif not store.layer(layer.chain_id) then
      local job = linked[layer.diff_id]
      linked[layer.diff_id] = nil
      -- The same layer may also be in another place of the stack.
      if not job then
        job = { digest = layer.digest, diff_id = layer.diff_id, chain_id = layer.chain_id, squash_ids = squash_ids, path = store.new_layer() }
        unpack(job, name)
      end
      lower_links.make(lower_links.take_over(job.path, layer), table.move(below, 1, #below, 1, {}), name, size)
      store.commit_layers { { path = job.path, id = layer.chain_id } }
    end
    below[at] = store.layer_id(layer)
    layer.squashed = store.is_squashed(below[at]) or nil
    if layer.squashed and not squash_ids then
      tiny.fail {
        message = ("layer %s of %s is in the store with --squash-ids: its files of other ids belong to this user"):format(layer.digest, name),
        hint = "use --squash-ids here too, or first remove the images that have this layer", exit = 125,
      }
    end
  end
end

-- Gives the layers that are complete their names, also where another one has failed: the next attempt needs only the others.
local function name_layers(list)
  local plain, linked = {}, {}
  for _, layer in ipairs(list) do
    if layer.complete and layer.path and tiny.stat(layer.path .. "/fs") then
      if lower_links.are_kept(layer.path) then linked[layer.diff_id] = layer else table.insert(plain, { path = layer.path, id = layer.diff_id }) end
    end
  end
  store.commit_layers(plain)
  return linked
end

-- The pairs of a blob and a layer that images of the store have: for these, both digests were checked together.
local function known_pairs()
  local known = {}
  for _, image in ipairs((store.refs())) do
    for _, layer in ipairs(image.layers) do known[layer.digest .. layer.diff_id] = true end
  end
  return known
end

-- Stores the layers of an image that the store does not have; each of several equal ones once. A configuration may claim that a blob
-- is a layer of the store: unless an image has this pair, the blob is unpacked for its digests. squash_ids: files of ids
-- that the user does not have become its own.
function layer_jobs.run(source, image, name, bars, squash_ids)
  local missing, seen, known = {}, {}, nil
  for _, layer in ipairs(image.layers) do
    local pair = layer.digest .. layer.diff_id
    if not seen[pair] then
      seen[pair] = true
      local own = { digest = layer.digest, diff_id = layer.diff_id, chain_id = layer.chain_id, size = layer.size, squash_ids = squash_ids }
      own.bar = bars:add(short(layer.digest), "Waiting")
      if is_unpacked(own) then
        known = known or known_pairs()
        own.known = known[pair] or false
      end
      if own.known and store.has_blob(own.digest) then bars:set(own.bar, "Already exists", nil, nil, true) else table.insert(missing, own) end
    end
  end
  local _, err = tiny.try(function()
    for _, layer in ipairs(missing) do layer.path = not layer.known and store.new_layer() or nil end
    local _, failure = tiny.try(require("tiny.images.jobs").run, missing, {
      most = source and source.parallel or CHILDREN, ended = "Pull complete", interrupted = ("pulling a layer of %s was interrupted"):format(name),
      work = function(layer, tell) work(source, layer, name, tell) end,
    }, bars)
    local linked = name_layers(missing)
    if failure then error(failure, 0) end
    complete(image.layers, linked, name, squash_ids)
  end)
  -- After a failure, or where another process was faster.
  for _, layer in ipairs(missing) do
    if layer.path and tiny.stat(layer.path) then require("tiny.images.unpack").delete(layer.path) end
  end
  if err then error(err, 0) end
  return #missing
end

return layer_jobs
