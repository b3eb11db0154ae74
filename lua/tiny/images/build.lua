-- New images from what is there: the changes of a container as one more layer (commit), and an archive as the only one (import).
local config = require "tiny.images.config"
local manifest = require "tiny.images.manifest"
local platform = require "tiny.images.platform"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local build = {}

local OCI, DOCKER = "application/vnd.oci.image.", "application/vnd.docker."
local PRIVATE_FILE = tonumber("600", 8)

local function wrong(message, hint) tiny.fail { message = message, hint = hint, exit = 125 } end

-- The words of an instruction: a JSON list, or a command for the shell.
local function words(text)
  if text:sub(1, 1) == "[" then
    local list = tiny.json_decode(text)
    if type(list) == "table" then return list end
  end
  return { "/bin/sh", "-c", text }
end

-- Adds KEY=VALUE pairs of an instruction, or one in the old form KEY VALUE.
local function pairs_of(text, add)
  if not text:match "^[^%s=]+=" then
    local key, value = text:match "^(%S+)%s+(.+)$"
    if not key then return false end
    add(key, value)
    return true
  end
  local rest = text
  while rest ~= "" do
    local key, value, more = rest:match '^([^%s=]+)="([^"]*)"%s*(.*)$'
    if not key then key, value, more = rest:match "^([^%s=]+)=(%S*)%s*(.*)$" end
    if not key then return false end
    add(key, value)
    rest = more
  end
  return true
end

local function set_env(own, key, value)
  own.Env = own.Env or {}
  for i, entry in ipairs(own.Env) do
    if entry:sub(1, #key + 1) == key .. "=" then
      own.Env[i] = key .. "=" .. value
      return
    end
  end
  table.insert(own.Env, key .. "=" .. value)
end

local function set_in(own, name, key, value)
  own[name] = own[name] or {}
  own[name][key] = value
end

-- The Dockerfile instructions that --change takes.
local INSTRUCTIONS = {
  CMD = function(own, text) own.Cmd = words(text) end,
  ENTRYPOINT = function(own, text) own.Entrypoint = words(text) end,
  USER = function(own, text) own.User = text end,
  WORKDIR = function(own, text) own.WorkingDir = text end,
  STOPSIGNAL = function(own, text) own.StopSignal = text end,
  ENV = function(own, text) return pairs_of(text, function(key, value) set_env(own, key, value) end) end,
  LABEL = function(own, text) return pairs_of(text, function(key, value) set_in(own, "Labels", key, value) end) end,
  EXPOSE = function(own, text)
    for port in text:gmatch "%S+" do set_in(own, "ExposedPorts", port:find("/", 1, true) and port or port .. "/tcp", {}) end
  end,
  VOLUME = function(own, text)
    local list = text:sub(1, 1) == "[" and words(text) or {}
    if text:sub(1, 1) ~= "[" then for path in text:gmatch "%S+" do table.insert(list, path) end end
    for _, path in ipairs(list) do set_in(own, "Volumes", path, {}) end
  end,
}

-- Applies instructions such as "CMD [\"sh\"]" to an image's configuration.
function build.change(own, instructions)
  for _, line in ipairs(instructions or {}) do
    local name, text = line:match "^%s*(%a+)%s+(.-)%s*$"
    local apply = name and INSTRUCTIONS[name:upper()]
    if not apply then
      wrong(("--change: %s is not an instruction"):format(tiny.show(line)), "one of " .. table.concat(require "tiny.base.sorted_keys"(INSTRUCTIONS), ", "))
    end
    if apply(own, text) == false then wrong(("--change: %s is not valid"):format(tiny.show(line)), name:upper() .. " KEY=VALUE") end
  end
end

-- Calls f(path) with a new file among the downloads; on failure it is removed.
local function with_file(f)
  local path = store.path("ingest/.new-" .. tiny.random_id(16))
  local result, err = tiny.try(f, path)
  if not err then return result end
  tiny.try(tiny.remove, path)
  error(err, 0)
end

-- Unpacks a blob into the store; returns the layer.
local function unpack(digest, diff_id, size, image, squash_ids)
  local layer = { digest = digest, diff_id = diff_id, size = size }
  if diff_id and store.layer(diff_id) then return layer end
  local unpacker <close> = require("tiny.images.unpack").open { image = image, squash_ids = squash_ids }
  layer.diff_id = unpacker:layer(layer).layer.diff_id
  return layer
end

-- Stores the configuration and the manifest of layers, and then the name (nil: none); returns the ref. `layers` has media types.
local function finish(object, layers, media_type, name)
  local text = tiny.json_encode(object)
  config.parse(text, "the configuration of the new image", #layers)
  local docker = media_type:find(DOCKER, 1, true) ~= nil
  local made = {
    schemaVersion = 2, mediaType = media_type, layers = {},
    config = { mediaType = docker and DOCKER .. "container.image.v1+json" or OCI .. "config.v1+json", digest = store.put_blob(text), size = #text },
  }
  local image = { layers = {}, size = 0, config = made.config.digest, platform = platform.text(object), created = object.created }
  for i, layer in ipairs(layers) do
    made.layers[i] = { mediaType = layer.media_type, digest = layer.digest, size = layer.size }
    image.layers[i] = { digest = layer.digest, diff_id = layer.diff_id, chain_id = layer.chain_id, size = layer.size, squashed = store.is_squashed(store.layer_id(layer)) or nil }
    image.size = image.size + layer.size
  end
  image.manifest = store.put_blob(tiny.json_encode(made))
  store.sync()
  return store.write_ref(name or "<none>@" .. image.manifest, image)
end

-- A container's own settings, in an image's configuration.
local function add_settings(own, container)
  local requested = container.from_image.requested or {}
  local function list(value) return type(value) == "string" and { "/bin/sh", "-c", value } or value end
  if requested.entrypoint then own.Entrypoint, own.Cmd = list(requested.entrypoint), nil end
  if requested.command then own.Cmd = list(requested.command) end
  if container.workdir then own.WorkingDir = container.workdir end
  if container.user then own.User = container.user end
  for key, value in pairs(require("tiny.spec.values").map("env", requested.env) or {}) do set_env(own, key, value) end
  for key, value in pairs(require("tiny.spec.values").map("labels", requested.labels) or {}) do set_in(own, "Labels", key, value) end
end

-- Stores the changes of a container as a new layer of its image. options: author, message, change (instructions), name (the whole name).
function build.commit(container, options)
  local from = container.config.from_image
  if not from then
    wrong(container.config.name .. " has no image", "`tinylua export` writes its files as an archive, and `tinylua import` makes an image of one")
  end
  local text = store.read_blob(from.manifest)
  local base = text and store.read_blob(from.id)
  if not base then wrong(("the image store has no manifest or configuration of %s"):format(from.name), "`tinylua pull` fetches it again") end
  local parsed = manifest.parse(text, nil, "the manifest of " .. from.name)
  local docker = parsed.media_type:find(DOCKER, 1, true)
  local upper, layers = container.dir .. "/upper", {}
  local object = manifest.decode(base, "the configuration of " .. from.name)
  for i, layer in ipairs(parsed.layers) do
    local diff_id = object.rootfs.diff_ids[i]
    local chain_id = from.layers[i] ~= diff_id and from.layers[i] or nil
    layers[i] = { digest = layer.digest, diff_id = diff_id, chain_id = chain_id, size = layer.size, media_type = layer.media_type }
  end
  if not tiny.stat(upper) then tiny.mkdir(upper) end
  local own = with_file(function(path)
    local report
    do
      local out <close> = tiny.open(path, { read = true, write = true, create = true, mode = PRIVATE_FILE })
      report = require("tiny.images.pack").directory(upper, out, { compress = "gzip" })
    end
    store.keep_file(path, report.digest)
    return unpack(report.digest, report.diff_id, report.size, "the new image")
  end)
  own.media_type = docker and DOCKER .. "image.rootfs.diff.tar.gzip" or OCI .. "layer.v1.tar+gzip"
  table.insert(layers, own)
  object.created, object.author = tiny.timestamp(), options.author or object.author
  object.config = object.config or {}
  add_settings(object.config, container.config)
  build.change(object.config, options.change)
  table.insert(object.rootfs.diff_ids, own.diff_id)
  object.history = object.history or {}
  table.insert(object.history, { created = object.created, created_by = table.concat(container.config.command or {}, " "), comment = options.message, author = options.author })
  return finish(object, layers, parsed.media_type, options.name)
end

-- Stores a tar stream, which may be compressed, as an image of one layer. options: as `commit`, and platform, squash_ids.
function build.import(file, options)
  local own = options.platform and platform.parse(options.platform) or platform.host()
  local layer = with_file(function(path)
    local digest, size, head
    do
      local out <close> = tiny.open(path, { read = true, write = true, create = true, mode = PRIVATE_FILE })
      for bytes in function() return file:read(1 << 20) end do
        head = head or bytes:sub(1, 4)
        out:write(bytes)
      end
    end
    if not head then wrong "the archive is empty" end
    do
      local again <close> = tiny.open(path)
      digest, size = tiny.sha256_file(again)
    end
    store.keep_file(path, digest)
    local kind = head:sub(1, 2) == "\31\139" and "+gzip" or head == "\40\181\47\253" and "+zstd" or ""
    local made = unpack(digest, nil, size, "the archive", options.squash_ids)
    made.media_type = OCI .. "layer.v1.tar" .. kind
    return made
  end)
  local object = {
    os = own.os, architecture = own.architecture, variant = own.variant, created = tiny.timestamp(), author = options.author, config = {},
    rootfs = { type = "layers", diff_ids = { layer.diff_id } },
    history = { { created = tiny.timestamp(), created_by = "import", comment = options.message or "Imported from an archive" } },
  }
  build.change(object.config, options.change)
  return finish(object, { layer }, OCI .. "manifest.v1+json", options.name)
end

-- The whole name of a new image: with a tag, without a digest.
function build.name(text)
  if not text then return nil end
  local ref = reference.parse(text)
  if ref.transport or ref.digest then wrong(("%s is not a name with a tag"):format(tiny.show(text)), "such as web:1") end
  return reference.full(ref)
end

return build
