-- An image whose configuration claims that a blob is a layer of the store, which it is not, is refused as it is in an empty store.
local check, layout, tar = require "check", require "image_layout", require "tar_maker"

local good = layout.make("/tmp/good", { layers = { layout.busybox(), tar.archive { tar.file("a", "good") } }, config = { Cmd = { "cat", "/a" }, Env = { "PATH=/bin" } }, tag = "1" })
check.succeeds("pull", "-q", "oci:/tmp/good:1")

-- Another image with these layers and one blob of its own in place of the second.
local function image(dir, blob, author, kind)
  os.execute("cp -r /tmp/good " .. dir)
  local own = layout.blob(dir, blob, kind or "layer.v1.tar")
  local config = layout.blob(dir, tiny.json_encode { os = "linux", architecture = "amd64", author = author, config = { Cmd = { "cat", "/a" }, Env = { "PATH=/bin" } },
    rootfs = { type = "layers", diff_ids = good.diff_ids } }, "config.v1+json")
  local manifest = layout.blob(dir, tiny.json_encode { schemaVersion = 2, mediaType = "application/vnd.oci.image.manifest.v1+json", config = config,
    layers = { good.layers[1], own } }, "manifest.v1+json")
  layout.index(dir, { { manifest, "1" } })
  return own
end
image("/tmp/aaa", tar.archive { tar.file("a", "evil"), tar.file("b", "evil") }, "x")
for _ = 1, 2 do
  local result = check.run { "pull", "-q", "oci:/tmp/aaa:1" }
  check.equal(result.status, 125)
  assert(result.err:find("a layer of oci:/tmp/aaa:1 has other content than its configuration says", 1, true), result.err)
end
check.equal(check.succeeds("images", "-q"):gsub("%x", ""), "\n", "one image")
-- The same layer, compressed in another way, is a pair that is true. Nothing is unpacked a second time.
local packed = io.popen(("gzip -1 -n </tmp/good/blobs/sha256/%s"):format(good.layers[2].digest:sub(8))):read "a"
local again = image("/tmp/bbb", packed, "y", "layer.v1.tar+gzip")
check.succeeds("pull", "-q", "oci:/tmp/bbb:1")
check.equal(check.succeeds("run", "--rm", "--network", "none", "localhost/bbb:1"), "good")
check.equal(#tiny.list_dir(check.root .. "/images/layers"), 2)
assert(tiny.stat(check.root .. "/images/blobs/sha256/" .. again.digest:sub(8)))

-- A layer that both images have is repaired from whichever blob is named.
tiny.write_file(check.root .. "/images/layers/" .. good.diff_ids[2]:sub(8) .. "/fs/a", "damaged")
check.succeeds("image", "verify", "--repair")
check.equal(check.succeeds("run", "--rm", "--network", "none", "localhost/good:1"), "good")
