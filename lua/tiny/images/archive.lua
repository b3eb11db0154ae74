-- Images outside of registries: OCI layouts (a directory or a tar file), docker's archives, and skopeo's dir:. What is read is
-- as untrusted as a registry: each digest is checked, and no path leaves the directory.
local layer_jobs = require "tiny.images.layer_jobs"
local manifest = require "tiny.images.manifest"
local platform = require "tiny.images.platform"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local archive = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)
-- The names of an image in an archive.
local MOST_NAMES = 200
local NAME, TAG = "io.containerd.image.name", "org.opencontainers.image.ref.name"
local OCI = "application/vnd.oci.image."
-- The beginnings of compressed layers.
local GZIP, ZSTD = "\31\139", "\40\181\47\253"
-- How much is copied at once.
local PIECE = 1 << 20

local function wrong(place, why, hint)
  tiny.fail { message = ("%s %s"):format(place, why), hint = hint, exit = 125 }
end

-- A small file below a directory; nil if it does not exist.
local function small(dir, name, place)
  local file, err = tiny.try(tiny.open, name, { root = dir, nofollow = true, nonblock = true })
  if err and err.code == "ENOENT" then return nil end
  if err then error(err, 0) end
  local _ <close> = file
  local text = ""
  for bytes in function() return file:read() end do
    text = text .. bytes
    if #text > store.LARGEST then wrong(place, ("has a %s of more than 4 MiB"):format(name)) end
  end
  return text
end

local function blob_name(digest) return "blobs/sha256/" .. digest:sub(8) end

-- Stores a file of a directory as the blob of this digest (nil: whatever it is); returns the digest and the size. A file with more
-- bytes than `most`, such as a device, is refused before it fills the disk.
local function take(dir, name, digest, place, most)
  local from, err = tiny.try(tiny.open, name, { root = dir, nonblock = true })
  if err then wrong(place, ("has no %s"):format(name), "it is not complete") end
  local _ <close> = from
  local path = store.path("ingest/.load-" .. tiny.random_id(16))
  local own, size
  local _, failure = tiny.try(function()
    do
      local to <close> = tiny.open(path, { read = true, write = true, create = true, mode = PRIVATE_FILE })
      local left = most or math.maxinteger
      for bytes in function() return from:read(PIECE) end do
        left = left - #bytes
        if left < 0 then wrong(place, ("is damaged: %s has more than %d bytes"):format(name, most), "get it again") end
        to:write(bytes)
      end
    end
    local again <close> = tiny.open(path)
    own, size = tiny.sha256_file(again)
    if digest and own ~= digest then wrong(place, ("is damaged: %s has the digest %s"):format(name, own), "get it again") end
    store.keep_file(path, own)
  end)
  if not failure then return own, size end
  tiny.try(tiny.remove, path)
  error(failure, 0)
end

-- Stores an image whose manifest is given, and whose blobs `name_of(digest)` are in the directory; returns what a ref needs.
local function import(dir, text, media_type, name_of, place, shown, options, bars)
  local parsed = manifest.parse(text, media_type, "the manifest of " .. place)
  if parsed.kind ~= "image" then manifest.wrong("the index of " .. place, "lists another index") end
  local config = small(dir, name_of(parsed.config.digest), place)
  if not config then wrong(place, ("has no %s"):format(name_of(parsed.config.digest)), "it is not complete") end
  if "sha256:" .. tiny.sha256(config) ~= parsed.config.digest then wrong(place, "is damaged: its configuration has another digest", "get it again") end
  local image = layer_jobs.describe(config, parsed, place)
  for _, layer in ipairs(image.layers) do
    if not store.has_blob(layer.digest) then take(dir, name_of(layer.digest), layer.digest, place, layer.size) end
  end
  image.config, image.manifest = store.put_blob(config), store.put_blob(text)
  layer_jobs.run(nil, image, shown, bars, options.squash_ids)
  return image
end

-- The name under which an image without one is stored: only its id finds it.
local function nameless(image) return "<none>@" .. image.manifest end

local function finish(image, names)
  store.sync()
  if #names == 0 then names = { nameless(image) } end
  if #names > MOST_NAMES then
    tiny.fail { message = ("%s has %d names in the archive; at most %d are stored"):format(names[1], #names, MOST_NAMES), hint = "the archive was made to do harm", exit = 125 }
  end
  local changed, stored = false, {}
  for i, name in ipairs(names) do
    local known = tiny.try(store.read_ref, name)
    changed = changed or not known or known.manifest ~= image.manifest
    stored[i] = store.write_ref(name, image)
  end
  return { image = image, names = names, changed = changed, ref = stored[1] }
end

-- The names in docker's manifest.json, by the digest of the configuration.
local function docker_names(list)
  local names = {}
  for _, entry in ipairs(type(list) == "table" and list or {}) do
    local hex = type(entry) == "table" and type(entry.Config) == "string" and entry.Config:match("([0-9a-f]+)[^/]*$")
    if hex and #hex == 64 then names["sha256:" .. hex] = type(entry.RepoTags) == "table" and entry.RepoTags or {} end
  end
  return names
end

-- The whole names of texts from an archive; those that are none are left out.
local function valid_names(texts)
  local names = {}
  for _, text in ipairs(texts) do
    local ref = type(text) == "string" and tiny.try(reference.parse, text)
    if ref and not ref.transport then table.insert(names, reference.full(ref)) end
  end
  return names
end

-- The images of an OCI layout. options: tag (only this one), platform.
local function read_layout(dir, place, options, bars)
  local text = small(dir, "index.json", place) or wrong(place, "is not an OCI layout: it has no index.json", "docker-archive: reads docker's archives")
  local index = manifest.parse(text, OCI .. "index.v1+json", "the index of " .. place)
  local object = manifest.decode(text, "the index of " .. place)
  local docker = docker_names((tiny.json_decode(small(dir, "manifest.json", place) or "[]")))
  local function name_of(digest) return blob_name(digest) end
  local done, tags = {}, {}
  for i, entry in ipairs(index.manifests) do
    local annotations = object.manifests[i].annotations or {}
    if entry.name then table.insert(tags, entry.name) end
    if not entry.attestation and (not options.tag or entry.name == options.tag or annotations[NAME] == options.tag) then
      local own, media_type, top = small(dir, name_of(entry.digest), place), entry.media_type, nil
      if not own or "sha256:" .. tiny.sha256(own) ~= entry.digest then wrong(place, ("is damaged: it has no %s"):format(entry.digest), "get it again") end
      if manifest.parse(own, media_type, "a manifest of " .. place).kind == "index" then
        local inner = manifest.parse(own, media_type, "an index of " .. place)
        local best, has = platform.best(inner, options.platform)
        if not best then
          wrong(place, ("has no image for %s"):format(options.platform or platform.text(platform.host())), "it has " .. table.concat(has, ", ") .. ": choose with --platform")
        end
        top, own, media_type = own, small(dir, name_of(best.digest), place), best.media_type
        if not own or "sha256:" .. tiny.sha256(own) ~= best.digest then wrong(place, ("is damaged: it has no %s"):format(best.digest), "get it again") end
      end
      local image = import(dir, own, media_type, name_of, place, entry.name and place .. ":" .. entry.name or place, options, bars)
      if top then image.index = store.put_blob(top) end
      local names = valid_names { annotations[NAME] }
      if #names == 0 then names = valid_names(docker[image.config] or {}) end
      if #names == 0 and entry.name then
        local whole = entry.name:find("[/:]") and entry.name or ("localhost/%s:%s"):format(options.name or "image", entry.name)
        names = valid_names { whole }
      end
      if #names == 0 and options.name then names = valid_names { "localhost/" .. options.name } end
      table.insert(done, finish(image, names))
    end
  end
  if #done == 0 and options.tag then
    wrong(place, ("has no image %s"):format(tiny.show(options.tag)), #tags > 0 and "it has " .. table.concat(tags, ", ") or "its images have no names")
  end
  if #done == 0 then wrong(place, "has no image") end
  return done
end

-- The media type of a layer's file.
local function layer_type(dir, name, place)
  local file, err = tiny.try(tiny.open, name, { root = dir, nonblock = true })
  if err then wrong(place, ("has no %s"):format(tiny.show(name)), "it is not complete") end
  local _ <close> = file
  local head = file:read(4) or ""
  return OCI .. "layer.v1.tar" .. (head:sub(1, 2) == GZIP and "+gzip" or head == ZSTD and "+zstd" or "")
end

-- The images of an archive in docker's format, which has no manifests of its own.
local function read_docker(dir, place, options, bars)
  local text = small(dir, "manifest.json", place) or wrong(place, "is not an image archive: it has neither index.json nor manifest.json")
  local list = manifest.decode(text, "manifest.json of " .. place)
  local done = {}
  for _, entry in ipairs(list) do
    local names = type(entry) == "table" and valid_names(type(entry.RepoTags) == "table" and entry.RepoTags or {}) or {}
    local matches = not options.tag
    for _, name in ipairs(names) do matches = matches or name == valid_names({ options.tag })[1] end
    if matches then
      if type(entry) ~= "table" or type(entry.Config) ~= "string" or type(entry.Layers) ~= "table" then wrong(place, "is damaged: manifest.json lists no image") end
      local config = small(dir, entry.Config, place) or wrong(place, ("has no %s"):format(tiny.show(entry.Config)), "it is not complete")
      if #entry.Layers > manifest.MOST_LAYERS then wrong(place, ("has %d layers; the kernel's overlay file system takes at most %d"):format(#entry.Layers, manifest.MOST_LAYERS)) end
      local made = {
        schemaVersion = 2, mediaType = OCI .. "manifest.v1+json",
        config = { mediaType = OCI .. "config.v1+json", digest = "sha256:" .. tiny.sha256(config), size = #config }, layers = {},
      }
      for i, name in ipairs(entry.Layers) do
        if type(name) ~= "string" then wrong(place, "is damaged: manifest.json lists no layers") end
        local media_type = layer_type(dir, name, place)
        local digest, size = take(dir, name, nil, place)
        made.layers[i] = { mediaType = media_type, digest = digest, size = size }
      end
      local own = tiny.json_encode(made)
      local image = import(dir, own, nil, function() return entry.Config end, place, names[1] or place, options, bars)
      table.insert(done, finish(image, names))
    end
  end
  if #done == 0 then wrong(place, options.tag and ("has no image %s"):format(tiny.show(options.tag)) or "has no image") end
  return done
end

-- skopeo's dir: the manifest and the blobs are files of one directory.
local function read_dir(dir, place, options, bars)
  local text = small(dir, "manifest.json", place) or wrong(place, "is not an image directory: it has no manifest.json", "oci: reads OCI layouts")
  local image = import(dir, text, nil, function(digest) return digest:sub(8) end, place, place, options, bars)
  return { finish(image, valid_names { "localhost/" .. options.name }) }
end

-- Unpacks a tar file or stream into a new folder of the store; calls f with it; the folder goes in any case. Without sparse files
-- it is no larger than the archive.
local function unpacked(file, place, f)
  local folder = store.path("trash/.load-" .. tiny.random_id(16))
  tiny.mkdir(folder, { mode = PRIVATE })
  local result, err = tiny.try(function()
    local report, failure = tiny.try(tiny.tar_unpack, "/", { root = folder, from = file })
    if failure then
      failure.message = ("%s cannot be unpacked: %s"):format(place, failure.message)
      failure.at = nil
      error(failure, 0)
    end
    if report.sparse > 0 then wrong(place, "has sparse files, which could fill the disk", "make the archive without sparse files: no image needs them in it") end
    local dir <close> = tiny.open_root(folder)
    return f(dir)
  end)
  tiny.try(require("tiny.store.state").remove_all, folder)
  if err then error(err, 0) end
  return result
end

-- A repository's name from a path: letters, digits and separators only.
local function name_of_path(path)
  local name = path:gsub("/+$", ""):match("[^/]*$"):lower():gsub("%.tar.*$", ""):gsub("[^%l%d._-]", "-"):gsub("^[^%l%d]+", ""):gsub("[^%l%d]+$", "")
  return name ~= "" and name:gsub("([._-])[._-]+", "%1") or "image"
end

-- Loads the image that a reference with a transport names; returns it and true.
function archive.load_from(ref, options)
  store.prepare()
  local _ <close> = store.lock "shared"
  local bars = require("tiny.base.progress").new { quiet = options.quiet, out = options.out }
  local how = { tag = ref.name, platform = options.platform, squash_ids = options.squash_ids, name = name_of_path(ref.path) }
  local place = ref.transport .. ":" .. ref.path
  local done
  if ref.transport == "oci" or ref.transport == "dir" then
    local found = tiny.stat(ref.path)
    if not found or found.kind ~= "dir" then wrong(place, found and "is not a directory" or "does not exist") end
    local dir <close> = tiny.open_root(ref.path)
    done = (ref.transport == "oci" and read_layout or read_dir)(dir, place, how, bars)
  else
    local file <close> = tiny.try(tiny.open, ref.path) or wrong(place, "does not exist, or cannot be read")
    done = unpacked(file, place, function(dir) return (ref.transport == "oci-archive" and read_layout or read_docker)(dir, place, how, bars) end)
  end
  bars:close()
  if #done > 1 then
    local names = {}
    for _, one in ipairs(done) do table.move(one.names, 1, #one.names, #names + 1, names) end
    wrong(place, "has several images", ("choose one: %s:%s:NAME; it has %s"):format(ref.transport, ref.path, table.concat(names, ", ")))
  end
  -- Not read again: another process may have removed the name meanwhile.
  return done[1].ref, done[1].changed
end

-- Loads every image of an archive in either format, as docker does; returns the list of { image, names }.
function archive.load(file, place, options)
  store.prepare()
  local _ <close> = store.lock "shared"
  local bars = require("tiny.base.progress").new { quiet = options.quiet, out = options.out }
  local done = unpacked(file, place, function(dir)
    local layout = tiny.try(small, dir, "oci-layout", place)
    return (layout and read_layout or read_docker)(dir, place, { platform = options.platform, squash_ids = options.squash_ids }, bars)
  end)
  bars:close()
  return done
end

-- Writes images with these names as an archive that docker, podman, skopeo and containerd read: an OCI layout that also has
-- docker's manifest.json. The blobs are those that were pulled.
function archive.save(images, file)
  local entries = { { name = "oci-layout", data = '{"imageLayoutVersion":"1.0.0"}' } }
  local index, docker, written = { schemaVersion = 2, mediaType = OCI .. "index.v1+json", manifests = {} }, {}, {}
  local function blob(digest)
    if written[digest] then return end
    written[digest] = true
    if not store.has_blob(digest) then
      tiny.fail { message = ("the image store has no %s"):format(digest), hint = "`tinylua image verify --repair` fetches what is missing", exit = 125 }
    end
    table.insert(entries, { name = blob_name(digest), path = store.blob(digest) })
  end
  local by_config = {}
  for _, image in ipairs(images) do
    local top = image.index or image.manifest
    local text = store.read_blob(top)
    for _, digest in ipairs { top, image.manifest, image.config } do blob(digest) end
    local layers = {}
    for i, layer in ipairs(image.layers) do
      blob(layer.digest)
      layers[i] = blob_name(layer.digest)
    end
    local ref = tiny.try(reference.parse, image.name)
    local annotations = ref and { [NAME] = image.name, [TAG] = ref.tag } or nil
    table.insert(index.manifests, { mediaType = manifest.parse(text, nil, "the manifest of " .. image.name).media_type, digest = top, size = #text, annotations = annotations })
    local entry = by_config[image.config]
    if not entry then
      entry = { Config = blob_name(image.config), RepoTags = {}, Layers = layers }
      by_config[image.config] = entry
      table.insert(docker, entry)
    end
    if ref and ref.tag then table.insert(entry.RepoTags, reference.familiar { registry = ref.registry, repository = ref.repository, tag = ref.tag }) end
  end
  table.insert(entries, { name = "index.json", data = tiny.json_encode(index) })
  table.insert(entries, { name = "manifest.json", data = tiny.json_encode(docker, { array = true }) })
  tiny.tar_files(entries, { to = file })
end

return archive
