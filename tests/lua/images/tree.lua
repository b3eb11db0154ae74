-- image tree: the layers of images, their sizes, and who shares them.
local check = require "check"
local maker = require "image_maker"

check.equal(check.succeeds("image", "tree"), "")
local function layer(name, bytes) return { name = name, ["etc/" .. name] = ("x"):rep(bytes) } end
local base, own = layer("base", 3000), layer("own", 5000)
local one = maker.image("debian:12", { base, own }, {})
local two = maker.image("app:1", { base }, {})
check.succeeds("tag", "app:1", "app:2")
for i = 1, 3 do maker.image("more:" .. i, { base, layer("more" .. i, 1) }, {}) end
local BASE, OWN = one.layers[1].diff_id:sub(8, 19), one.layers[2].diff_id:sub(8, 19)

check.equal(check.succeeds("image", "tree", "debian:12"),
  ("debian:12  id %s  7.812 KiB, 2.93 KiB of it shared\n├ %s  2.93 KiB   shared with app:1, more:1, more:2 and 1 more\n└ %s  4.883 KiB\n"):format(one.config:sub(8, 19), BASE, OWN))
assert(check.succeeds("image", "tree", "app:2", "debian:12"):find(
  ("^app:1, app:2  id %s  2.93 KiB, all of it shared\n└ %s  2.93 KiB  shared with debian:12, more:1, more:2 and 1 more\n\ndebian:12  "):format(two.config:sub(8, 19), BASE)))
local all = tiny.json_decode(check.succeeds("image", "tree", "--format", "json"))
check.equal(#all, 5)
local found
for _, image in ipairs(all) do found = image.id == one.config and image or found end
check.equal(found.names[1], "debian:12")
check.equal(found.layers[1].bytes, 3000)
check.equal(found.layers[1].size, one.layers[1].size)
check.equal(table.concat(found.layers[1].shared_with, " "), "app:1 more:1 more:2 more:3")
check.equal(#found.layers[2].shared_with, 0)
check.refused('no such image: "nothing"\n  hint: `tinylua images` lists them; `tinylua pull` fetches one', "image", "tree", "nothing")

-- A layer that is gone; the size that unpacking recorded; a name that is damaged.
maker.as_user(function()
  tiny.write_file(check.root .. "/images/layers/" .. one.layers[2].diff_id:sub(8) .. "/bytes", "7")
  tiny.remove(check.root .. "/images/layers/" .. one.layers[1].diff_id:sub(8), { recursive = true })
  tiny.write_file(check.root .. "/images/refs/docker.io+library+more:3/image.json", "{")
end)
local damaged = check.run { "image", "tree", "debian:12" }
check.equal(damaged.out, ("debian:12  id %s  7 B\n├ %s  -    missing\n└ %s  7 B\n"):format(one.config:sub(8, 19), BASE, OWN))
check.equal(damaged.err, 'tinylua: the image name "docker.io/library/more:3" is damaged, or was written by a newer tinylua\n')
