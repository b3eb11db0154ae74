-- pull, push and run against Debian's docker-registry: what is fetched, what is not fetched again, two at once, a pull that is killed
-- at any step, and a registry that forges.
local check, web, layout = require "check", require "web", require "image_layout"
local store = require "tiny.images.store"

local server <close>, place = web.registry()
local registries, registry, reference = require "tiny.images.registries", require "tiny.images.registry", require "tiny.images.reference"
tiny.settings.root = check.root

-- Uploads a layout.
local function upload(dir, made, name)
  local source = registries.sources(reference.parse(name))[1]
  for _, part in ipairs { made.config, table.unpack(made.layers) } do
    registry.upload(source, part.digest, dir .. "/blobs/sha256/" .. part.digest:sub(8))
  end
  local function put(part, tag) registry.put_manifest(source, tag, tiny.read_file(dir .. "/blobs/sha256/" .. part.digest:sub(8)), part.mediaType) end
  put(made.manifest, made.manifest.digest)
  return put
end

local BUSYBOX = layout.busybox()
local made = layout.make("/tmp/a", { layers = { BUSYBOX, { ["etc/one"] = "one\n" }, { ["etc/two"] = "two\n", ["etc/one"] = { removed = true } } },
  compress = { "gzip", "zstd", false }, config = { Cmd = { "sh", "-c", "cat /etc/two; ls /etc" }, Env = { "PATH=/bin" } } })
local name = place .. "/team/app:1"
upload("/tmp/a", made, name)(made.manifest, "1")

-- Without a terminal: a line for each layer, then the digest. A second pull asks for the manifest, and writes nothing.
local function writes()
  local seen = {}
  for _, folder in ipairs { "blobs/sha256", "layers", "refs", "ingest", "trash" } do
    for _, entry in ipairs(tiny.list_dir(store.path(folder))) do
      local s = tiny.stat(store.path(folder .. "/" .. entry))
      table.insert(seen, ("%s %d %.6f"):format(entry, s.size, s.mtime))
    end
  end
  return table.concat(seen, "\n")
end
local out = check.succeeds("pull", name)
assert(out:find(("^1: Pulling from team/app\n.*\nDigest: %s\nStatus: Downloaded newer image for %s\n%s\n$"):format(made.manifest.digest, name, name)), out)
check.equal(select(2, out:gsub(": Pull complete\n", "")), 3)
local before = writes()
check.equal(check.succeeds("pull", name), ("1: Pulling from team/app\nDigest: %s\nStatus: Image is up to date for %s\n%s\n"):format(made.manifest.digest, name, name))
check.equal(writes(), before, "nothing is written")
assert(check.succeeds("run", "--rm", name):find("^two\n.*two\n$"))

-- By digest; by a digest that is another's; a tag that is not there.
check.equal(check.succeeds("pull", "-q", place .. "/team/app@" .. made.manifest.digest), place .. "/team/app@" .. made.manifest.digest .. "\n")
check.refused(("%s/team/app:9: %s does not have this image: manifest unknown\n  hint: check the name and the tag"):format(place, place), "pull", "-q", place .. "/team/app:9")

-- A new image under the same tag; the layer that it shares is not fetched again.
local newer = layout.make("/tmp/b", { layers = { BUSYBOX, { ["etc/three"] = "three\n" } }, compress = { "gzip", "gzip" }, config = { Cmd = { "cat", "/etc/three" }, Env = { "PATH=/bin" } } })
upload("/tmp/b", newer, name)(newer.manifest, "1")
check.equal(check.succeeds("run", "--rm", name):match("^two\n"), "two\n", "a run takes the local one")
local again = check.run { "run", "--rm", "--pull", "always", name }
check.equal(again.out, "three\n", again.err)
assert(again.err:find "Already exists", again.err)
check.succeeds("rmi", place .. "/team/app@" .. made.manifest.digest)
check.succeeds "gc"

-- Pushed under another name: the same digest, and pulled elsewhere.
check.succeeds("tag", name, place .. "/copy:2")
assert(check.succeeds("push", place .. "/copy:2"):find(("2: digest: %s size: %d\n$"):format(newer.manifest.digest, newer.manifest.size)))
check.equal(check.succeeds("push", "-q", place .. "/copy:2"), newer.manifest.digest .. "\n")
local root = check.root
check.root = "/tmp/elsewhere"
check.equal(check.succeeds("run", "--rm", place .. "/copy:2"), "three\n", "a run pulls")
check.refused(('"%s/none:1" is not in the image store\n  hint: `tinylua pull` fetches it; --pull missing does so for a run'):format(place), "run", "--pull", "never", place .. "/none:1")

-- Two pulls of the same image at once, while garbage is collected.
check.root = "/tmp/both"
local children = {}
for i = 1, 6 do
  children[i] = tiny.fork(function()
    if i > 4 then
      for _ = 1, 10 do check.succeeds "gc" end
      return 0
    end
    check.equal(check.succeeds("run", "--rm", name), "three\n")
    return 0
  end)
end
for _, child in ipairs(children) do check.equal(child:wait(), 0) end

-- Killed at any moment: the next pull succeeds, and a collection leaves only what the image needs.
check.root = "/tmp/killed"
tiny.settings.root = check.root
local big = {}
for i = 1, 3 do big[i] = { ["data"] = ("%d"):format(i):rep(3 << 20) .. tiny.random_id(64) } end
table.insert(big, 1, BUSYBOX)
local many = layout.make("/tmp/c", { layers = big, compress = { false, false, false, false }, config = { Cmd = { "true" }, Env = { "PATH=/bin" } } })
upload("/tmp/c", many, place .. "/big:1")(many.manifest, "1")
local whole, kills = 0, 0
for i = 1, 40 do
  local child <close> = tiny.fork(function()
    local null <close> = tiny.open("/dev/null", { write = true })
    for number = 1, 2 do tiny.dup2(null, number) end
    tiny.exec { "/proc/self/exe", "--root", check.root, "pull", "-q", place .. "/big:1" }
  end)
  if #tiny.poll({ child }, 0.008 * i) == 0 then
    tiny.kill(child, "SIGKILL")
    kills = kills + 1
  end
  child:reap()
  local image = store.exists() and store.read_ref(place .. "/big:1")
  if image then
    whole = whole + 1
    for _, layer in ipairs(image.layers) do assert(store.layer(layer.diff_id) and store.has_blob(layer.digest), "a name of an incomplete image") end
    check.succeeds("run", "--rm", place .. "/big:1", "true")
    check.succeeds("rmi", place .. "/big:1")
    check.succeeds "gc"
    for _, folder in ipairs { "blobs/sha256", "layers", "ingest", "locks", "refs", "trash" } do check.equal(#tiny.list_dir(store.path(folder)), 0, folder) end
  end
end
assert(kills > 5, kills)
check.equal(check.succeeds("run", "--rm", place .. "/big:1", "cat", "/data"):sub(1, 3), "333")

-- What is on the disk is checked when it is used: a layer of the registry that was exchanged.
local forged = layout.make("/tmp/d", { layers = { { ["etc/x"] = "x" } } })
local put = upload("/tmp/d", forged, place .. "/forged:1")
local text = tiny.read_file("/tmp/d/blobs/sha256/" .. forged.manifest.digest:sub(8))
local other = text:gsub(forged.layers[1].digest, many.layers[2].digest):gsub('"size":' .. forged.layers[1].size, '"size":' .. many.layers[2].size)
tiny.write_file("/tmp/d/blobs/sha256/" .. tiny.sha256(other), other)
local source = registries.sources(reference.parse(place .. "/forged:1"))[1]
registry.upload(source, many.layers[2].digest, "/tmp/c/blobs/sha256/" .. many.layers[2].digest:sub(8))
put({ digest = "sha256:" .. tiny.sha256(other), mediaType = forged.manifest.mediaType }, "1")
local result = check.run { "pull", "-q", place .. "/forged:1" }
check.equal(result.status, 125)
assert(result.err:find("instead of " .. forged.diff_ids[1], 1, true), result.err)
check.equal(store.read_ref(place .. "/forged:1"), nil)
check.root = root
