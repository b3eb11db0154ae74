-- A blob that was damaged in the store is refused and removed, so that the next pull gets it again.
local check, layout = require "check", require "image_layout"

local made = layout.make("/tmp/lay", { layers = { { ["a/file"] = ("content"):rep(1000) } }, tag = "1" })
local blob, layer = check.root .. "/images/blobs/sha256/" .. made.layers[1].digest:sub(8), check.root .. "/images/layers/" .. made.diff_ids[1]:sub(8)
check.succeeds("pull", "-q", "oci:/tmp/lay:1")
local whole = tiny.read_file(blob)
local damaged = {
  -- The stream is damaged, is that of another layer, or ends early.
  whole:sub(1, 20) .. "x" .. whole:sub(22),
  tiny.read_file("/tmp/lay/blobs/sha256/" .. layout.layer("/tmp/lay", { other = "x" }, "gzip").digest:sub(8)),
  whole:sub(1, -5),
}
for at, text in ipairs(damaged) do
  tiny.remove(layer, { recursive = true })
  tiny.write_file(blob, text)
  local result = check.run { "pull", "-q", "oci:/tmp/lay:1" }
  check.equal(result.status, 125, at)
  check.equal(result.err, ("tinylua: layer %s of oci:/tmp/lay:1 has other content in the store\n  hint: it was removed: get the image again\n"):format(made.layers[1].digest))
  check.equal(tiny.stat(blob), nil)
  check.equal(#tiny.list_dir(check.root .. "/images/layers"), 0)
  check.succeeds("pull", "-q", "oci:/tmp/lay:1")
  check.equal(tiny.read_file(blob), whole)
  assert(tiny.stat(layer .. "/fs/a/file"))
end
