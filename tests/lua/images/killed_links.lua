-- A pull of an image with hard links into lower layers is killed before each of its calls: its name and layers are whole or missing,
-- and the next pull completes them; what is left over is collected.
local check, layout, tar = require "check", require "image_layout", require "tar_maker"
local store = require "tiny.images.store"

local made = layout.make("/tmp/lay", { layers = { tar.archive { tar.file("a", "content", { mode = tonumber("4711", 8) }) }, tar.archive { tar.link("b", "a") } }, tag = "1" })
local chain = "sha256:" .. tiny.sha256(made.diff_ids[1] .. " " .. made.diff_ids[2])
tiny.settings.root = check.root
local function whole()
  local layer = store.layer(chain)
  if not layer then return false end
  local a, b = tiny.stat(layer .. "/a"), tiny.stat(layer .. "/b")
  check.equal(a and a.ino, b and b.ino, "one file")
  check.equal(tiny.read_file(layer .. "/b"), "content")
  check.equal(b.mode, tonumber("4711", 8))
  for _, name in ipairs(tiny.list_dir((layer:gsub("/fs$", "")))) do assert(name == "fs" or name == "bytes", name) end
  return true
end

local call = 1
while true do
  tiny.try(tiny.remove, store.path(), { recursive = true })
  if not check.killed(call, "pull", "-q", "oci:/tmp/lay:1") then break end
  check.equal(store.exists() and #store.refs() > 0 and not whole(), false, "a name before its layers")
  check.succeeds("pull", "-q", "oci:/tmp/lay:1")
  assert(whole(), "after call " .. call)
  check.succeeds "gc"
  local names = tiny.list_dir(store.path "layers")
  check.equal(#names, 2, table.concat(names, " "))
  call = call + 1
end
assert(call > 20, "the walk ended early")
print("fault points walked: " .. call - 1)
