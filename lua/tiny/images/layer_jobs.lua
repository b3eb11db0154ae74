-- Stores the layers of an image that the store does not have: each in a child, which fetches and unpacks it.
local config = require "tiny.images.config"
local manifest = require "tiny.images.manifest"
local platform = require "tiny.images.platform"
local store = require "tiny.images.store"

local layer_jobs = {}

-- The layers of an archive that are unpacked at once; for a registry, `parallel` of registries.lua says it.
local CHILDREN = 3

-- What a ref says of an image with this configuration and manifest, which are checked.
function layer_jobs.describe(text, parsed, name)
  local found = config.parse(text, "the configuration of " .. name, #parsed.layers)
  local layers, size = {}, 0
  for i, layer in ipairs(parsed.layers) do
    if layer.foreign then
      manifest.wrong("the manifest of " .. name, ("lists layer %d at a foreign place"):format(i), "base layers of Windows do not run on Linux")
    end
    layers[i] = { digest = layer.digest, diff_id = found.diff_ids[i], size = layer.size }
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

-- Unpacks a layer whose blob the store has into its new folder; the digests are checked there.
local function unpack(layer, name, tell)
  local unpacker <close> = require("tiny.images.unpack").open { image = name, unnamed = true }
  unpacker:layer({ digest = layer.digest, diff_id = layer.diff_id, path = layer.path }, nil, function(done) tell("Extracting", done) end)
end

-- What a child does for one layer.
local function work(source, layer, name, tell)
  if not store.has_blob(layer.digest) then
    if not source then tiny.fail { message = ("a layer of %s is missing: %s"):format(name, layer.digest), exit = 125 } end
    fetch(source, layer, tell)
  end
  if layer.path then unpack(layer, name, tell) end
end

-- Runs a child for each layer, several at once. A child that fails ends the others. `running` has the children that have not ended.
local function run_children(source, layers, name, bars, running)
  local from, into = tiny.pipe { nonblock = "read" }
  local reader <close> = from
  local writer <close> = into
  local most = source and source.parallel or CHILDREN
  local count, waiting, failure, rest = 0, {}, nil, ""
  for _, layer in ipairs(layers) do table.insert(waiting, layer) end
  local function begin(layer)
    if not store.layer(layer.diff_id) then layer.path = store.new_layer() end
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
    count = count + 1
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
        elseif not err then
          layer.complete = true
          bars:set(layer.bar, "Pull complete", nil, nil, true)
        end
      end
    end
  end
  if failure then error(failure, 0) end
end

-- Gives the layers that are complete their names, also where another one has failed: the next attempt needs only the others.
local function store_layers(source, layers, name, bars)
  local running, complete = {}, {}
  local _, err = tiny.try(run_children, source, layers, name, bars, running)
  for child in pairs(running) do child:reap() end
  for _, layer in ipairs(layers) do
    if layer.complete and layer.path then table.insert(complete, layer) end
  end
  local _, failure = tiny.try(store.commit_layers, complete)
  err = err or failure
  if not err then return end
  for _, layer in ipairs(layers) do
    if layer.path then tiny.try(store.discard, layer.path) end
  end
  error(err, 0)
end

-- Stores the layers of an image that the store does not have; each of several equal ones once.
function layer_jobs.run(source, image, name, bars)
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
  store_layers(source, missing, name, bars)
  return #missing
end

return layer_jobs
