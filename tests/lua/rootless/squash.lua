-- A user without subordinate ids: an image with files of others is refused with the remedy, and --squash-ids makes them the user's.
-- The limits of a layer are raised in the user's registries.lua.
local check, layout, tar = require "check", require "image_layout", require "tar_maker"
local user = require("ordinary").make { subids = false, delegated = false }
local store = require "tiny.images.store"

local OWNED = tar.archive { tar.dir "srv", tar.file("srv/web", "web", { uid = 33, gid = 33, mode = tonumber("640", 8) }), tar.file("srv/own", "own") }
local LINKED = tar.archive { tar.link("linked", "srv/web") }
-- Makes and pulls an image.
local function made(name, layers)
  local dir = "/tmp/" .. name
  local done = layout.make(dir, { layers = layers, config = { Cmd = { "cat", "/srv/web", "/linked" }, Env = { "PATH=/bin" } }, tag = "1" })
  assert(os.execute("chmod -R a+rX " .. dir))
  return done
end
local function refused(text, hint, ...)
  local result = check.run { ... }
  check.equal(result.status, 125, result.out)
  assert(result.err:find(text, 1, true) and result.err:find(hint, 1, true), result.err)
end

local ids = made("owned", { layout.busybox(), OWNED, LINKED }).diff_ids
for _, words in ipairs { { "pull", "oci:/tmp/owned:1" }, { "run", "--rm", "oci:/tmp/owned:1" } } do
  refused("srv/web (it belongs to user 33 and group 33, which this user may not use)", "/etc/subuid and /etc/subgid, or use --squash-ids", table.unpack(words))
end
local function run(...) return check.succeeds("run", "--rm", "--network", "none", ...) end
check.equal(run("--squash-ids", "oci:/tmp/owned:1"), "webweb")
check.equal(run("localhost/owned:1", "stat", "-c", "%u:%g %a", "/srv/web", "/linked", "/srv/own"), "0:0 640\n0:0 640\n0:0 644\n")
tiny.settings.root = check.root
check.equal(tiny.stat(store.layer(ids[2]) .. "/srv/web").uid, user.uid)
check.equal(store.is_squashed(ids[2]), true)
check.equal(store.is_squashed(ids[1]), false)
-- It is compared with what was asked for.
check.succeeds("image", "verify")
tiny.remove(store.path("layers/" .. ids[2]:sub(8)), { recursive = true })
check.succeeds("image", "verify", "--repair")
check.equal(run "localhost/owned:1", "webweb")
-- An archive, with the same words; its digest is the same.
check.succeeds("save", "-o", check.root .. "/saved.tar", "localhost/owned:1")
local saved = check.root .. "/saved.tar"
check.root = user.home .. "/other"
refused("it belongs to user 33", "--squash-ids", "load", "-i", saved)
check.succeeds("load", "--squash-ids", "-i", saved)
check.succeeds("save", "-o", user.home .. "/again.tar", "localhost/owned:1")
check.equal(check.digest(user.home .. "/again.tar"), check.digest(saved))
local tree = user.home .. "/tree.tar"
tiny.write_file(tree, OWNED, { mode = tonumber("644", 8) })
refused("it belongs to user 33", "--squash-ids", "import", tree)
check.succeeds("import", "--squash-ids", tree, "localhost/tree:1")
check.equal(check.run({ "run", "--rm", "--network", "none", "-v", "/bin/busybox:/bin/busybox:ro", "localhost/tree:1", "/bin/busybox", "cat", "/srv/web" }).out, "web")

-- A program that ran as another user or group does not run as the one whose id replaced it.
local function file(name, mode, uid, gid) return tar.file(name, "x", { uid = uid, gid = gid, mode = tonumber(mode, 8) }) end
made("bits", { layout.busybox(), tar.archive { file("both", "6755", 33, 33), file("user", "6755", 33, 0), file("group", "6755", 0, 33), file("own", "6755", 0, 0),
  { name = "dir/", type = "5", mode = tonumber("2775", 8), gid = 33 } } })
check.equal(run("--squash-ids", "oci:/tmp/bits:1", "stat", "-c", "%a", "/both", "/user", "/group", "/own", "/dir"), "755\n2755\n4755\n6755\n775\n")
-- Another image with the same layer gets it only if it was asked for.
assert(os.execute "cp -r /tmp/bits /tmp/other && chmod -R a+rX /tmp/other")
refused("is in the store with --squash-ids: its files of other ids belong to this user", "use --squash-ids here too", "pull", "oci:/tmp/other:1")
check.succeeds("pull", "-q", "--squash-ids", "oci:/tmp/other:1")

-- Limits: the user's own file.
made("many", { layout.busybox(), tar.archive { tar.file "a", tar.file "b", tar.file "c" } })
local file = user.home .. "/.config/tinylua/registries.lua"
tiny.mkdir(user.home .. "/.config/tinylua", { parents = true })
local function limited(text) tiny.write_file(file, "return { layer_limits = { " .. text .. " } }", { mode = tonumber("644", 8) }) end
for text, message in pairs {
  ["max_entries = 2"] = "the layer has more than 2 files", ['max_bytes = "1k"'] = "the layer has more than 1024 bytes",
} do
  limited(text)
  refused(message, ("hint: raise %s for an image that you trust: `layer_limits` in registries.lua"):format(text:match "%S+"), "pull", "oci:/tmp/many:1")
end
-- What hard links copy from the layers below counts.
local TEXT = ("x"):rep(600 << 10)
made("copies", { tar.archive { tar.file("f", TEXT) }, tar.archive { tar.file("g", TEXT) }, tar.archive { tar.link("l1", "f"), tar.link("l2", "g") } })
limited 'max_bytes = "1m"'
refused("l2 (its hard links copy more than 1048576 bytes from the layers below)", "raise max_bytes for an image that you trust: `layer_limits` in registries.lua", "pull", "oci:/tmp/copies:1")
-- So do holes. Without the user's word it is no more than 1 GiB, or 200 times the size of the compressed layers.
local function hole(name)
  local bytes = tostring(600 << 20)
  return { name = name, data = "", pax = { { "GNU.sparse.size", bytes }, { "GNU.sparse.map", bytes .. ",0" }, { "GNU.sparse.name", name } } }
end
made("holes", { tar.archive { hole "f", hole "g" }, tar.archive { tar.link("l1", "f"), tar.link("l2", "g") } })
limited "max_entries = 1000"
refused("l2 (its hard links copy more than 1073741824 bytes from the layers below)", "raise max_ratio for an image that you trust: `layer_limits` in registries.lua", "pull", "oci:/tmp/holes:1")
limited "max_ratio = 1000000"
check.succeeds("pull", "-q", "oci:/tmp/holes:1")
limited "max_files = 1"
refused('layer_limits has no key "max_files"', "hint", "pull", "oci:/tmp/many:1")
limited "max_ratio = 0"
refused("layer_limits: max_ratio is not a whole number above 0", "hint", "pull", "oci:/tmp/many:1")
limited "max_entries = 1000, max_bytes = '1g', max_ratio = 1"
check.succeeds("pull", "-q", "oci:/tmp/many:1")
