-- Manifests and indexes, of OCI and of docker's schema 2. They come from strangers: each field is checked here, and nothing else
-- reads their JSON.
local reference = require "tiny.images.reference"

local manifest = {}

-- The kernel's limit of lower directories of an overlay (OVL_MAX_STACK).
manifest.MOST_LAYERS = 500
local LARGEST = 4 << 20

local OCI, DOCKER = "application/vnd.oci.image.", "application/vnd.docker."
-- The media types by kind.
local KINDS = {
  [OCI .. "index.v1+json"] = "index", [DOCKER .. "distribution.manifest.list.v2+json"] = "index",
  [OCI .. "manifest.v1+json"] = "image", [DOCKER .. "distribution.manifest.v2+json"] = "image",
}
local CONFIGS = { [OCI .. "config.v1+json"] = true, [DOCKER .. "container.image.v1+json"] = true }
local OBSOLETE = { [DOCKER .. "distribution.manifest.v1+json"] = true, [DOCKER .. "distribution.manifest.v1+prettyjws"] = true }

-- The media types of manifests and indexes, for the request's Accept header.
function manifest.accepted()
  return require "tiny.base.sorted_keys"(KINDS)
end

-- Fails: the file of this image is not valid. `what` names it: "the manifest of debian:12".
function manifest.wrong(what, why, hint)
  tiny.fail { message = ("%s %s"):format(what, why), hint = hint or "the image was damaged, or made to do harm: get it from elsewhere", exit = 125 }
end
local wrong = manifest.wrong

-- The JSON object of a text from a stranger.
function manifest.decode(text, what)
  if #text > LARGEST then wrong(what, ("has %d bytes; the limit is 4 MiB"):format(#text)) end
  local value, why = tiny.json_decode(text, { unique = true })
  if type(value) ~= "table" then wrong(what, "is not valid JSON: " .. (why or "it is not an object")) end
  return value
end

-- A field that may be missing, of this type.
function manifest.field(object, key, kind, what)
  local value = object[key]
  if value ~= nil and type(value) ~= kind then
    wrong(what, ("is not valid: %q is a %s, not a %s"):format(key, type(value), kind))
  end
  return value
end
local field = manifest.field

-- { digest, size, media_type } of another file of the image.
local function descriptor(object, name, what)
  if type(object) ~= "table" then wrong(what, ("is not valid: %s is missing or no object"):format(name)) end
  local digest, size = field(object, "digest", "string", what), object.size
  if not reference.is_digest(digest) then
    local other = digest and digest:match("^sha512:%x+$") and "is a SHA-512 digest, which is not supported" or "is not a digest"
    wrong(what, ("is not valid: %s: %s %s"):format(name, tiny.show(digest), other))
  end
  if math.type(size) ~= "integer" or size < 0 then wrong(what, ("is not valid: %s: its size is %s"):format(name, tiny.show(size))) end
  return { digest = digest, size = size, media_type = field(object, "mediaType", "string", what) or "" }
end

-- The media type of a layer, and whether its blob is elsewhere (a base layer of Windows).
local function check_layer(layer, name, what)
  local rest = layer.media_type:match("^application/vnd%.oci%.image%.layer%.(.*)$") or layer.media_type:match("^application/vnd%.docker%.image%.rootfs%.(.*)$")
  local plain = rest and rest:gsub("^nondistributable%.", ""):gsub("^foreign%.", "")
  local known = plain and (plain:find("^v1%.tar$") or plain:find("^v1%.tar%+gzip$") or plain:find("^v1%.tar%+zstd$") or plain:find("^diff%.tar"))
  if rest and rest:find("+encrypted", 1, true) then wrong(what, ("lists the encrypted layer %s"):format(name), "decrypt the image with `skopeo copy --decryption-key`") end
  if not known then
    wrong(what, ("is not that of a container image: %s has the media type %s"):format(name, tiny.show(layer.media_type)), "only images with file system layers can run")
  end
  layer.foreign = plain ~= rest or nil
end

local function read_index(object, what)
  local list = field(object, "manifests", "table", what) or wrong(what, "is not valid: it has no list of manifests")
  local found = { kind = "index", manifests = {} }
  for i = 1, #list do
    local one = descriptor(list[i], ("manifest %d"):format(i), what)
    local platform = field(list[i], "platform", "table", what)
    if platform then
      one.platform = {}
      for _, key in ipairs { "os", "architecture", "variant" } do one.platform[key] = field(platform, key, "string", what) end
    end
    -- Statements about the other manifests are not images.
    local annotations = field(list[i], "annotations", "table", what) or {}
    one.attestation = annotations["vnd.docker.reference.type"] ~= nil or nil
    one.name = type(annotations["org.opencontainers.image.ref.name"]) == "string" and annotations["org.opencontainers.image.ref.name"] or nil
    found.manifests[i] = one
  end
  return found
end

local function read_image(object, what)
  local list = field(object, "layers", "table", what) or wrong(what, "is not valid: it has no list of layers")
  local config = descriptor(object.config, "the configuration", what)
  local artifact = field(object, "artifactType", "string", what)
  if not CONFIGS[config.media_type] then
    wrong(what, ("is that of an artifact of type %s, not of a container image"):format(tiny.show(artifact or config.media_type)),
      "tools such as `oras pull` fetch artifacts")
  end
  if config.size > LARGEST then wrong(what, ("is not valid: the configuration has %d bytes; the limit is 4 MiB"):format(config.size)) end
  if #list > manifest.MOST_LAYERS then
    wrong(what, ("lists %d layers; the kernel's overlay file system takes at most %d"):format(#list, manifest.MOST_LAYERS), "squash the image: `buildah build --squash`")
  end
  local found = { kind = "image", config = config, layers = {} }
  for i = 1, #list do
    local layer = descriptor(list[i], ("layer %d"):format(i), what)
    check_layer(layer, ("layer %d"):format(i), what)
    found.layers[i] = layer
  end
  return found
end

-- Reads a manifest or an index: { kind = "index", manifests } or { kind = "image", config, layers }, with media_type.
-- media_type: what the registry said; `what`: its name for errors.
function manifest.parse(text, media_type, what)
  local object = manifest.decode(text, what)
  local own = field(object, "mediaType", "string", what)
  local said = media_type and media_type:match("^[^;%s]+")
  if said and not KINDS[said] and not OBSOLETE[said] then said = nil end -- a registry's application/json says nothing
  if own and said and own ~= said then
    wrong(what, ("is not valid: it is a %s, and was announced as a %s"):format(tiny.show(own), said))
  end
  local version = object.schemaVersion
  if version == 1 or OBSOLETE[own or said or ""] then
    wrong(what, "has docker's schema 1, which is obsolete", "convert the image: `skopeo copy --format oci`")
  end
  if version ~= 2 then wrong(what, ("is not valid: schemaVersion is %s, not 2"):format(tiny.show(version))) end
  -- Two readers could each take another part of it (CVE-2021-41190).
  if object.manifests ~= nil and (object.layers ~= nil or object.config ~= nil) then wrong(what, "is not valid: it is an index and a manifest at once") end
  local kind = KINDS[own or said or ""]
  if not own and not said then kind = object.manifests ~= nil and "index" or object.layers ~= nil and "image" end
  if not kind then wrong(what, ("has the unknown media type %s"):format(tiny.show(own or said or media_type))) end
  local found = (kind == "index" and read_index or read_image)(object, what)
  found.media_type = own or said or (kind == "index" and OCI .. "index.v1+json" or OCI .. "manifest.v1+json")
  return found
end

return manifest
