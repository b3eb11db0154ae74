-- Gives a container's spec its image: finds it or has it pulled, and fills in what the configuration says and the spec does not.
local layers = require "tiny.images.layers"
local local_image = require "tiny.images.local_image"
local platform = require "tiny.images.platform"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local apply = {}

local PULL = { always = true, missing = true, never = true }

local function wrong(message, hint) tiny.fail { message = message, hint = hint, exit = 125 } end

local function pull(spec, why)
  local ref = reference.parse(spec.image)
  if spec.pull == "never" then
    wrong(("%s is not in the image store%s"):format(tiny.show(spec.image), why or ""), "`tinylua pull` fetches it; --pull missing does so for a run")
  end
  if spec.pull ~= "always" and not ref.transport then require("tiny.format").note("there is no image %s on this machine: it is pulled", reference.familiar(ref)) end
  return (require("tiny.images.pull").pull(ref, { platform = spec.platform, squash_ids = spec.squash_ids, policy = spec.pull or "missing", out = 2 }))
end

-- The image that a spec asks for.
local function image_of(spec)
  if spec.pull and not PULL[spec.pull] then wrong(("pull: %s is not always, missing or never"):format(tiny.show(spec.pull))) end
  local wanted = spec.platform and platform.text(platform.parse(spec.platform))
  if spec.pull == "always" then return pull(spec) end
  local image = local_image.look(spec.image)
  if not image then return pull(spec) end
  if wanted and image.platform and image.platform ~= wanted then return pull(spec, (" for %s"):format(wanted)) end
  return image
end

-- Puts the image's pairs under those of the spec.
local function under(defaults, own)
  if not defaults then return own end
  local all = {}
  for name, value in pairs(defaults) do all[name] = value end
  for name, value in pairs(own or {}) do all[name] = value end
  return all
end

-- The keys of a spec that an image may set, as they are asked for.
local KEYS = { "entrypoint", "command", "env", "workdir", "user", "stop_signal", "health", "labels", "expose" }

local function is_empty(value) return value == nil or value == "" or type(value) == "table" and next(value) == nil end

-- Fills in the defaults of an image, as docker does: an entrypoint of the spec also replaces the image's command.
local function fill(spec, defaults)
  if spec.entrypoint == nil then
    spec.entrypoint = defaults.entrypoint
    if is_empty(spec.command) then spec.command = defaults.command end
  end
  for _, key in ipairs { "workdir", "user", "stop_signal", "health" } do
    if spec[key] == nil then spec[key] = defaults[key] end
  end
  local values = require "tiny.spec.values"
  spec.env = under(defaults.env, values.map("env", spec.env))
  spec.labels = under(defaults.labels, values.map("labels", spec.labels))
  -- Exposed ports matter only where all are published.
  if spec.publish_all and defaults.expose then
    spec.expose = table.move(defaults.expose, 1, #defaults.expose, #(spec.expose or {}) + 1, spec.expose or {})
  end
end

-- Resolves spec.image, once: a recorded container keeps its image, whatever the name means now. The caller holds the store's lock
-- until the container is recorded.
function apply.check(spec)
  if spec.rootfs then wrong("a container has one root: either an image or a rootfs", "omit one of `image` and `rootfs`") end
  if spec.view then wrong("view: a container with an image has no view of the host", "use -v to mount a host directory in it") end
  if spec.from_image then
    layers.paths(spec.from_image.layers, spec.image)
    return
  end
  local image = image_of(spec)
  local found = local_image.config(image)
  if found.os and found.os ~= "linux" then
    wrong(("%s is an image for %s, and its programs do not run on Linux"):format(tiny.show(spec.image), tiny.show(found.os)))
  end
  local ids = local_image.layer_ids(image)
  layers.paths(ids, spec.image)
  local requested = {}
  for _, key in ipairs(KEYS) do
    if not is_empty(spec[key]) then requested[key] = spec[key] end
  end
  spec.from_image = {
    name = image.name, id = image.config, manifest = image.manifest, index = image.index, platform = image.platform, layers = ids,
    defaults = found.defaults, requested = requested,
  }
  fill(spec, found.defaults)
  if is_empty(spec.command) and is_empty(spec.entrypoint) then
    wrong(("the image %s has no command"):format(tiny.show(spec.image)), ("give one: tinylua run %s CMD…"):format(spec.image))
  end
end

return apply
