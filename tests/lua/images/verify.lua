-- image verify: each kind of damage to the store is found, and repaired from the registry or from the blobs.
local check, web, layout = require "check", require "web", require "image_layout"
local registries, registry, reference = require "tiny.images.registries", require "tiny.images.registry", require "tiny.images.reference"
local store = require "tiny.images.store"

local server <close>, place = web.registry()
tiny.settings.root = check.root
local made = layout.make("/tmp/a", { layers = { layout.busybox(), { ["etc/one"] = "one\n" } }, compress = { "gzip", "zstd" },
  config = { Cmd = { "cat", "/etc/one" }, Env = { "PATH=/bin" } }, index = true, tag = "1" })
local name = place .. "/app:1"
local source = registries.sources(reference.parse(name))[1]
for _, part in ipairs { made.config, table.unpack(made.layers) } do registry.upload(source, part.digest, "/tmp/a/blobs/sha256/" .. part.digest:sub(8)) end
-- The index names a manifest that this registry does not have, and would refuse.
registry.put_manifest(source, made.manifest.digest, tiny.read_file("/tmp/a/blobs/sha256/" .. made.manifest.digest:sub(8)), made.manifest.mediaType)
registry.put_manifest(source, "1", tiny.read_file("/tmp/a/blobs/sha256/" .. made.manifest.digest:sub(8)), made.manifest.mediaType)
check.succeeds("pull", "-q", name)
check.succeeds("pull", "-q", "oci:/tmp/a")

local function verified(status, text, ...)
  local result = check.run { "image", "verify", ... }
  check.equal(result.status, status, result.out .. result.err)
  for _, line in ipairs(type(text) == "table" and text or { text }) do assert(result.out:find(line, 1, true), line .. " in " .. result.out .. result.err) end
end
verified(0, "2 images are whole\n")
verified(0, "1 image is whole\n", name)

-- Damage: a file that a power cut has emptied, one with another byte, one that is gone.
local layer = store.layer(made.diff_ids[2])
local function damage()
  tiny.write_file(store.blob(made.layers[1].digest), "")
  tiny.remove(store.blob(made.config.digest))
  tiny.write_file(store.blob(made.manifest.digest), "{}")
  tiny.write_file(layer .. "/etc/one", "")
end
damage()
verified(1, {
  ("%s: the manifest %s has other content\n"):format(name, made.manifest.digest),
  ("%s: the configuration %s is missing\n"):format(name, made.config.digest),
  ("%s: the layer %s has other content\n"):format(name, made.layers[1].digest),
  ("%s: the unpacked layer %s has other content than its blob\n"):format(name, made.diff_ids[2]),
}, name)
verified(0, { ("the layer %s has other content: repaired\n"):format(made.layers[1].digest), "1 image is whole\n" }, "--repair", name)
verified(0, "2 images are whole\n")
check.equal(check.succeeds("run", "--rm", "--network", "none", name), "one\n")

-- A layer that is gone; an additional file in one; a mode that differs.
tiny.remove(layer:gsub("/fs$", ""), { recursive = true })
local first = store.layer(made.diff_ids[1])
tiny.write_file(first .. "/bin/new", "x")
verified(1, { "is missing\n", "has other content than its blob\n" })
verified(0, "repaired", "--repair")
check.equal(tiny.stat(first .. "/bin/new"), nil)
os.execute(("chmod 700 %s/etc"):format(first))
verified(1, "has other content than its blob")
verified(0, "repaired", "--repair")

-- Without its registry, an image's blob cannot be repaired; a damaged name is reported.
check.succeeds("rmi", name)
damage()
local result = check.run { "image", "verify", "--repair" }
check.equal(result.status, 1)
assert(result.out:find("and is not repaired: localhost/a:1 did not come from a registry", 1, true), result.out)
tiny.write_file(store.path "refs/localhost+a:1/image.json", "{")
verified(1, 'the image name "localhost/a:1" is damaged')
check.equal(check.run({ "image", "verify", "nothing" }).status, 125)
check.root = "/tmp/empty"
check.equal(check.succeeds("image", "verify"), "")
