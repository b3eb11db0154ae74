-- system df, system prune and image prune with images: what is counted once, what can be reclaimed, and filters.
local check = require "check"
local maker = require "image_maker"
local store = require "tiny.images.store"

local function layer(name, bytes) return { name = name, ["etc/" .. name] = ("x"):rep(bytes) } end
local base = maker.busybox()
base.name = "base"
local used = maker.image("used:1", { base, layer("used", 3000) }, { Cmd = { "true" } })
local unused = maker.image("unused:1", { base, layer("unused", 5000) }, { Cmd = { "true" }, Labels = { tier = "web" } }, { created = "2020-01-01T00:00:00Z" })
check.succeeds("tag", "unused:1", "unused:2")
check.succeeds("create", "--name", "one", "--network", "none", "used:1")

local function rows()
  local found = {}
  for _, row in ipairs(tiny.json_decode(check.succeeds("system", "df", "--format", "json"))) do found[row.type] = row end
  return found.Images
end
local function blobs(image)
  return maker.as_user(function()
    local bytes = store.has_blob(image.manifest) + store.has_blob(image.config)
    for _, one in ipairs(image.layers) do bytes = bytes + store.has_blob(one.digest) end
    return bytes
  end)
end

local images = rows()
check.equal(("%d %d"):format(images.total, images.active), "2 1")
local by_name = {}
for _, item in ipairs(images.items) do by_name[item.name] = item end
local first, second = by_name["used:1"], by_name["unused:1"]
check.equal(table.concat(second.names, " "), "unused:1 unused:2")
check.equal(first.containers, 1)
check.equal(first.shared, second.shared)
check.equal(first.unique, 3000 + blobs(used) - used.layers[1].size)
check.equal(second.unique, 5000 + blobs(unused) - unused.layers[1].size)
check.equal(images.size, first.shared + first.unique + second.unique, "the common layer once")
check.equal(images.reclaimable, second.unique)
local text = check.succeeds("system", "df", "-v")
assert(text:find("\nNAME +ID +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\nunused:1, unused:2 +" .. unused.config:sub(8, 19) .. " +[^\n]+ 0\nused:1 +"), text)

-- A container keeps its layers, even if its image has no name any more.
check.succeeds("rmi", "-f", "used:1")
images = rows()
check.equal(("%d %d"):format(images.total, images.active), "1 0")
check.equal(images.reclaimable, images.size - (first.shared - used.layers[1].size))

-- prune: only nameless images, or all; filters.
maker.as_user(function() store.write_ref("<none>@" .. unused.manifest, unused) end)
check.equal(check.run({ "system", "prune", "-a" }, "n\n").out:match("  %- all images[^\n]*"), "  - all images that no container uses")
local asked = check.run({ "system", "prune", "--filter", "label=a", "--filter", "until=1h" }, "n\n")
check.equal(asked.out:match("Only[^\n]*"), "Only what matches these filters: label=a, until=1h")
check.equal(check.succeeds("system", "prune", "-f", "--filter", "label=nothing"), "Total reclaimed space: 0 B\n")
check.succeeds("inspect", "one")
check.equal(check.succeeds("image", "prune", "-f", "--filter", "until=2019-01-01"), "Total reclaimed space: 0 B\n")
check.equal(check.succeeds("image", "prune", "-f"), ("Deleted Images:\n%s\n\nTotal reclaimed space: 0 B\n"):format(unused.config), "the image has another name")
check.equal(check.succeeds("image", "prune", "-af", "--filter", "label=tier=db"), "Total reclaimed space: 0 B\n")
check.equal(check.succeeds("image", "prune", "-af", "--filter", "label!=tier"), "Total reclaimed space: 0 B\n")
local pruned = check.succeeds("image", "prune", "-af", "--filter", "label=tier=web", "--filter", "until=2021-01-01")
assert(pruned:find "^Deleted Images:\ndocker.io/library/unused:1\ndocker.io/library/unused:2\n\nTotal reclaimed space: %d+ B\n$", pruned)
for _, words in ipairs { { "image", "prune", "-f", "--filter", "x" }, { "system", "prune", "-f", "--volumes", "--filter", "until=1h" }, { "system", "prune", "-f", "--filter", "until=never" } } do
  check.equal(check.run(words).status, 2)
end

-- With the container, its image's layers go.
local all = check.succeeds("system", "prune", "-af")
assert(all:find "^Deleted Containers:\n%x+\n\nTotal reclaimed space: [%d.]+ %a+\n$", all)
for _, folder in ipairs { "blobs/sha256", "layers", "refs", "trash" } do check.equal(#tiny.list_dir(check.root .. "/images/" .. folder), 0, folder) end
check.equal(rows().size, 0)

-- Networks and containers by their labels.
check.succeeds("create", "--name", "keep", "--label", "tier=db", "true")
check.succeeds("create", "--name", "go", "true")
assert(check.succeeds("prune", "--filter", "label!=tier=db"):find "^%x+\n$")
check.equal(check.succeeds("prune", "--filter", "until=1h"), "")
check.succeeds("inspect", "keep")
check.succeeds("rm", "keep")
check.no_container()
