-- A disk that a pull fills: an image that is too large for it is not begun, a failure is a sentence, and what was downloaded can be
-- deleted at once.
local check, web, layout = require "check", require "web", require "image_layout"
local store = require "tiny.images.store"

web.own_etc()
check.root = "/tmp/full"
tiny.mkdir(check.root)
local disk <close> = tiny.mount_tmpfs(check.root, { size = "16m" })
tiny.settings.root = check.root

local made = layout.make("/tmp/app", { layers = { { big = tiny.random_id(128):rep(4 << 13) } }, compress = { false }, tag = "1" })
local layer = made.layers[1]
local function text_of(part) return tiny.read_file("/tmp/app/blobs/sha256/" .. part.digest:sub(8)) end
local function manifest(size)
  return tiny.json_encode { schemaVersion = 2, mediaType = made.manifest.mediaType, config = made.config,
    layers = { { mediaType = layer.mediaType, digest = layer.digest, size = size } } }
end
-- Another file takes the space while the layer arrives.
local FILLER = check.root .. "/filler"
local registry <close> = web.serve(function(request)
  local name = request.path:match "^/v2/(%a+)/"
  if request.path:find "/manifests/" then return web.reply(200, { ["Content-Type"] = made.manifest.mediaType }, manifest(name == "huge" and 1 << 50 or layer.size)) end
  if request.path:find(made.config.digest, 1, true) then return web.reply(200, nil, text_of(made.config)) end
  tiny.write_file(FILLER, ("x"):rep(tiny.statvfs(check.root).available - (1 << 20)))
  return web.reply(200, nil, text_of(layer))
end)
tiny.mkdir("/etc/containers", { parents = true })
tiny.write_file("/etc/containers/registries.conf", ('[[registry]]\nlocation = "%s"\ninsecure = true\n'):format(registry.place))

local function asked(part)
  for _, request in ipairs(registry.requests()) do
    if request.path:find(part.digest, 1, true) then return true end
  end
  return false
end

-- A size that no disk has.
local huge = check.run { "pull", "-q", registry.place .. "/huge:1" }
check.equal(huge.status, 125)
assert(huge.err:find(("^tinylua: %s/huge:1 needs 1125899906%%.8 MB on the disk of %s/images, which has 1[56]%%.%%d MB\n  hint: `tinylua image prune` removes unused images\n"):format(registry.place, check.root)), huge.err)
check.equal(asked(layer), false, "the download did not start")

-- What was downloaded is kept for the next attempt, and goes when the user asks for space.
local function fill()
  local full = check.run { "pull", "-q", registry.place .. "/app:1" }
  check.equal(full.status, 125)
  check.equal(full.err, ("tinylua: %s/app:1: the disk is full: %s/images needs space\n  hint: `tinylua image prune` removes unused images\n"):format(registry.place, check.root))
  tiny.remove(FILLER)
  local partial = tiny.list_dir(store.path "ingest")
  check.equal(#partial, 1)
  assert(tiny.stat(store.path("ingest/" .. partial[1])).size > 0)
end
for _, words in ipairs { { "gc" }, { "image", "prune", "-f" }, { "system", "prune", "-f" } } do
  fill()
  require("tiny.images.gc").collect()
  check.equal(#tiny.list_dir(store.path "ingest"), 1, "a collection that nobody asked for keeps it")
  local told = check.succeeds(table.unpack(words))
  assert(told:find "1%.?%d* MiB" or told:find "%d+ KiB", told)
  check.equal(#tiny.list_dir(store.path "ingest"), 0, words[1])
end

-- Not a download that another process has in its hands.
local digest = "sha256:" .. ("a"):rep(64)
local from, into = tiny.pipe()
local child <close> = tiny.fork(function()
  local ingest = store.ingest(digest)
  tiny.append_file(ingest.path, "part")
  into:write("ready")
  tiny.poll({}, 60)
end)
from:read()
check.succeeds "gc"
check.equal(#tiny.list_dir(store.path "ingest"), 1)
child:close()
check.succeeds "gc"
check.equal(#tiny.list_dir(store.path "ingest"), 0)
