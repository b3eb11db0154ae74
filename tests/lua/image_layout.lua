-- Makes OCI layouts with real layers, as skopeo and buildah write them, for tests of archives and registries.
local check = require "check"

local layout = {}

local OCI = "application/vnd.oci.image."
local EXECUTABLE = tonumber("755", 8)

-- Stores a text as a blob of the layout; returns its descriptor.
function layout.blob(dir, text, media_type)
  local digest = "sha256:" .. tiny.sha256(text)
  tiny.write_file(dir .. "/blobs/sha256/" .. digest:sub(8), text)
  return { mediaType = OCI .. media_type, digest = digest, size = #text }
end

-- Packs files (path to text, { link }, { removed }, or { owner } for a directory with a file) as a layer; returns its descriptor and
-- diff id. A text is an archive, which is stored as it is. compress: "gzip", "zstd" or nil.
function layout.layer(dir, files, compress)
  if type(files) == "string" then
    local own = layout.blob(dir, files, "layer.v1.tar")
    return own, own.digest
  end
  local tree = dir .. "/tree"
  tiny.mkdir(tree)
  local names = {}
  for path in pairs(files) do table.insert(names, path) end
  table.sort(names)
  for _, path in ipairs(names) do
    local place, content = tree .. "/" .. path, files[path]
    tiny.mkdir(place:match("^(.*)/"), { parents = true, mode = EXECUTABLE })
    if type(content) == "string" then tiny.write_file(place, content, { mode = path:find("^bin/") and EXECUTABLE or tonumber("644", 8) })
    elseif content.link then tiny.symlink(content.link, place)
    elseif content.owner then
      tiny.mkdir(place, { mode = EXECUTABLE })
      tiny.write_file(place .. "/file", "")
      for _, own in ipairs { place, place .. "/file" } do tiny.chown(own, { uid = content.owner, gid = content.owner }) end
    else tiny.mknod(place, "char", { major = 0, minor = 0 }) end
  end
  -- The same files are the same layer.
  os.execute(("find %s -exec touch -h -d @1700000000 {} +"):format(tree))
  local path = dir .. "/layer"
  local packed
  do
    local out <close> = tiny.open(path, { write = true, create = true, truncate = true })
    packed = tiny.layer_pack(tree, { to = out, compress = compress })
  end
  tiny.rename(path, dir .. "/blobs/sha256/" .. packed.digest:sub(8))
  tiny.remove(tree, { recursive = true })
  local kind = "layer.v1.tar" .. (compress and "+" .. compress or "")
  return { mediaType = OCI .. kind, digest = packed.digest, size = packed.size }, packed.diff_id
end

-- A layer with busybox.
function layout.busybox()
  if not tiny.stat "/bin/busybox" then check.skip "there is no busybox-static on this machine" end
  local files = { ["bin/busybox"] = tiny.read_file "/bin/busybox", ["etc/passwd"] = "root:x:0:0::/root:/bin/sh\n" }
  for _, name in ipairs { "sh", "cat", "ls", "id", "env", "true", "echo", "touch", "sleep", "stat", "readlink", "sort", "wc" } do files["bin/" .. name] = { link = "busybox" } end
  return files
end

-- Makes a layout in a new directory. options: layers (lists of files), config, tag, platform, compress (for each layer), index (an index
-- above the manifest). Returns { manifest, config, layers, diff_ids, top } with descriptors.
function layout.make(dir, options)
  tiny.mkdir(dir .. "/blobs/sha256", { parents = true })
  tiny.write_file(dir .. "/oci-layout", '{"imageLayoutVersion":"1.0.0"}')
  local made = { layers = {}, diff_ids = {} }
  for i, files in ipairs(options.layers) do
    local compress = options.compress == nil and "gzip" or options.compress and options.compress[i] or nil
    made.layers[i], made.diff_ids[i] = layout.layer(dir, files, compress)
  end
  local os, architecture = (options.platform or "linux/amd64"):match("^(.-)/(.*)$")
  local config = { os = os, architecture = architecture, created = "2026-11-01T00:00:00Z", config = options.config or { Cmd = { "sh" } },
    rootfs = { type = "layers", diff_ids = made.diff_ids } }
  for key, value in pairs(options.more or {}) do config[key] = value end
  made.config = layout.blob(dir, tiny.json_encode(config), "config.v1+json")
  made.manifest = layout.blob(dir, tiny.json_encode { schemaVersion = 2, mediaType = OCI .. "manifest.v1+json", config = made.config, layers = made.layers },
    "manifest.v1+json")
  made.top = made.manifest
  if options.index then
    local other = { mediaType = OCI .. "manifest.v1+json", digest = "sha256:" .. ("0"):rep(64), size = 3, platform = { os = "linux", architecture = "s390x" } }
    local own = { mediaType = made.manifest.mediaType, digest = made.manifest.digest, size = made.manifest.size, platform = { os = os, architecture = architecture } }
    made.top = layout.blob(dir, tiny.json_encode { schemaVersion = 2, mediaType = OCI .. "index.v1+json", manifests = { other, own } }, "index.v1+json")
  end
  layout.index(dir, { { made.top, options.tag } })
  return made
end

-- Writes index.json: { descriptor, tag } for each image.
function layout.index(dir, list)
  local manifests = {}
  for i, one in ipairs(list) do
    manifests[i] = { mediaType = one[1].mediaType, digest = one[1].digest, size = one[1].size,
      annotations = one[2] and { ["org.opencontainers.image.ref.name"] = one[2] } or nil }
  end
  tiny.write_file(dir .. "/index.json", tiny.json_encode { schemaVersion = 2, manifests = manifests })
end

-- Uploads the image of a layout under a name with a tag.
function layout.upload(dir, made, name)
  local registries, registry, reference = require "tiny.images.registries", require "tiny.images.registry", require "tiny.images.reference"
  local source = registries.sources(reference.parse(name))[1]
  for _, part in ipairs { made.config, table.unpack(made.layers) } do registry.upload(source, part.digest, dir .. "/blobs/sha256/" .. part.digest:sub(8)) end
  registry.put_manifest(source, reference.parse(name).tag, tiny.read_file(dir .. "/blobs/sha256/" .. made.manifest.digest:sub(8)), made.manifest.mediaType)
end

-- The bytes of an image's layers that the registry (with a log of level info) has sent, as its log says a moment after the responses.
function layout.sent(made)
  local sum, last = 0, nil
  while sum ~= last do
    tiny.poll({}, "20ms")
    sum, last = 0, sum
    for line in tiny.read_file(require("web").folder .. "/out"):gmatch "[^\n]+" do
      local digest, bytes = line:match 'method=GET.*/blobs/(sha256:%x+)" .*http%.response%.written=(%d+)'
      for _, part in ipairs(made.layers) do
        if part.digest == digest then sum = sum + tonumber(bytes) end
      end
    end
  end
  return sum
end

return layout
