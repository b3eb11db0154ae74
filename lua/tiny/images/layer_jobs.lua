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

-- Unpacks a layer whose blob the store has; the digests are checked there. One that needs those below is left at `path`.
local function unpack(layer, name, path, squash_ids, tell)
  local unpacker <close> = require("tiny.images.unpack").open { image = name, squash_ids = squash_ids }
  local job = unpacker:layer({ digest = layer.digest, diff_id = layer.diff_id, chain_id = layer.chain_id }, nil, tell)
  if job.linked then lower_links.hand_over(job, path) end
end

-- What a child does for one layer.
local function work(source, layer, name, tell)
  if not store.has_blob(layer.digest) then
    if not source then tiny.fail { message = ("a layer of %s is missing: %s"):format(name, layer.digest), exit = 125 } end
    fetch(source, layer, tell)
  end
  if not store.layer(layer.diff_id) and not store.layer(layer.chain_id) then
    unpack(layer, name, layer.path, layer.squash_ids, function(done) tell("Extracting", done) end)
  end
end

-- Runs a child for each layer, several at once. A child that fails ends the others.
local function run_children(source, layers, name, bars)
  local from, into = tiny.pipe { nonblock = "read" }
  local most = source and source.parallel or CHILDREN
  local running, count, waiting, failure, rest = {}, 0, {}, nil, ""
  for _, layer in ipairs(layers) do table.insert(waiting, layer) end
  local function begin(layer)
    count = count + 1
    running[tiny.fork(function()
      tiny.set_parent_death_signal "SIGKILL"
      from:close()
      local last = 0
      work(source, layer, name, function(state, done)
        local now = tiny.clock "monotonic"
        if now - last < 0.1 and done < layer.size then return end
        last = now
        into:write(("%d %s %d\n"):format(layer.bar, state, done))
      end)
    end)] = layer
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
    while not failure and #waiting > 0 and count < most do begin(table.remove(waiting, 1)) end
    if next(running) == nil then break end
    local handles = { from }
    for child in pairs(running) do table.insert(handles, child) end
    for _, ready in ipairs(tiny.poll(handles)) do
      local layer = running[ready]
      if not layer then show()
      else
        running[ready], count = nil, count - 1
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

-- Completes the layers with hard links into those below, from the lowest up. The others keep no chain id.
local function complete(layers, paths, name, squash_ids)
  local below = {}
  for at, layer in ipairs(layers) do
    if store.layer(layer.diff_id) then layer.chain_id = nil
    elseif not store.layer(layer.chain_id) then
      -- The same layer may also be in another place of the stack.
      if not tiny.stat(paths[at]) then unpack(layer, name, paths[at], squash_ids) end
      local job = lower_links.take_over(paths[at], layer)
      lower_links.make(job, below, name)
      store.commit_layer(job.path, layer.chain_id)
    end
    below[at] = store.layer_id(layer)
    layer.squashed = store.is_squashed(below[at]) or nil
  end
end

-- Stores the layers of an image that the store does not have; each of several equal ones once. squash_ids: files of ids
-- that the user does not have become its own.
function layer_jobs.run(source, image, name, bars, squash_ids)
  local missing, seen, paths = {}, {}, {}
  bars.totals = {}
  for at, layer in ipairs(image.layers) do
    paths[at] = store.new_path()
    if not seen[layer.diff_id] then
      seen[layer.diff_id] = true
      local here = (store.layer(layer.diff_id) or store.layer(layer.chain_id)) and store.has_blob(layer.digest)
      layer = { digest = layer.digest, diff_id = layer.diff_id, chain_id = layer.chain_id, size = layer.size, path = paths[at], squash_ids = squash_ids }
      layer.bar = bars:add(short(layer.digest), "Waiting")
      bars.totals[layer.bar] = layer.size
      if here then bars:set(layer.bar, "Already exists", nil, nil, true) else table.insert(missing, layer) end
    end
  end
  local _, err = tiny.try(function()
    run_children(source, missing, name, bars)
    complete(image.layers, paths, name, squash_ids)
  end)
  -- After a failure, or where another process was faster.
  for _, path in ipairs(paths) do
    if tiny.stat(path) then require("tiny.images.unpack").delete(path) end
  end
  if err then error(err, 0) end
  return #missing
end

return layer_jobs
