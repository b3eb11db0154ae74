-- Layers with hard links to files of the layers below: they are completed in the stack, with the result of umoci, and the store
-- has one for each stack. What they contain is checked, saved and collected like any other.
local check, layout, maker, tar = require "check", require "image_layout", require "image_maker", require "tar_maker"
local store = require "tiny.images.store"

local OCTAL = function(text) return tonumber(text, 8) end
local function run(...) return (check.succeeds("run", "--rm", "--network", "none", ...):gsub("\n$", "")) end
-- What the store has in a folder: names without those of a crash.
local function names(folder)
  return maker.as_user(function()
    local list = tiny.list_dir(store.path(folder)) or {}
    table.sort(list)
    return table.concat(list, " ")
  end)
end
local function hex(...)
  local ids = { ... }
  for i, id in ipairs(ids) do ids[i] = id:sub(8) end
  table.sort(ids)
  return table.concat(ids, " ")
end
local function chained(above, id) return "sha256:" .. tiny.sha256(above .. " " .. id) end
local function readable(dir) assert(os.execute(("chmod -R a+rX %s"):format(dir))) end

local function lower(text)
  return tar.archive { tar.dir "etc", tar.file("etc/config", text, { mode = OCTAL "4640", uid = 1000, gid = 1001, pax = { { "SCHILY.xattr.user.note", "kept" } } }),
    tar.dir "d", tar.file("d/gone", "gone"), tar.file("d/other", "other"), tar.symlink("etc/link", "config"), tar.dir("priv", OCTAL "700"),
    tar.file("priv/key", "key", { mode = OCTAL "600" }), tar.symlink("out", "/tmp/canary"), tar.symlink("alias", "d"), tar.file("replaced", "old"),
    { name = "home/", type = "5", mode = OCTAL "700", uid = 1000, gid = 1000 }, tar.file("home/f", "f", { uid = 1000, gid = 1000 }) }
end
local LINKS = tar.archive { tar.dir "d", tar.file("d/.wh.gone", ""), tar.link("etc/copy", "etc/config"), tar.link("again", "etc/copy"), tar.link("d/key", "priv/key"),
  tar.link("through", "alias/other"), tar.link("symbolic", "etc/link"), tar.link("replaced", "d/other") }
local TOP = tar.archive { tar.file("top", "top") }

local made = layout.make("/tmp/one", { layers = { layout.busybox(), lower "first", LINKS, TOP }, config = { Cmd = { "cat", "/etc/copy" }, Env = { "PATH=/bin" } }, tag = "1" })
readable "/tmp/one"
local ids = made.diff_ids
local chain = chained(chained(ids[1], ids[2]), ids[3])
check.succeeds("pull", "-q", "oci:/tmp/one:1")
check.equal(names "layers", hex(ids[1], ids[2], chain, ids[4]))
check.equal(run "localhost/one:1", "first")
check.equal(run("localhost/one:1", "sh", "-c", "cat /again /d/key /through /replaced; readlink /symbolic; ls -id /etc/config /etc/copy /again | while read n rest; do echo $n; done | sort -u | wc -l"),
  "firstkeyotherotherconfig\n1")
check.equal(run("localhost/one:1", "stat", "-c", "%a %u:%g %h %F", "/etc/copy", "/symbolic", "/priv", "/d/key"),
  "4640 1000:1001 3 regular file\n777 0:0 2 symbolic link\n700 0:0 1 directory\n600 0:0 2 regular file")
-- A file that is changed in a container is another one; nothing of the store changes.
check.equal(run("localhost/one:1", "sh", "-c", "echo new >/etc/copy; cat /etc/config"), "first")
check.equal(run "localhost/one:1", "first")

-- umoci's tree.
if check.start == tiny.fork and os.execute "command -v umoci >/dev/null" then
  assert(os.execute "umoci unpack --image /tmp/one:1 /tmp/umoci >/dev/null 2>&1")
  check.inside({ mount = true }, function()
    tiny.mount_private "/"
    tiny.mkdir "/tmp/mounted"
    require("tiny.image").mount("localhost/one:1", "/tmp/mounted")
    -- Directories that have no entry of their own get the time of unpacking.
    local function shown(root) return (tar.shown(root):gsub("\n(/%S+ dir %d+ %S+) %d+", "\n%1")) end
    check.equal(shown "/tmp/mounted", shown "/tmp/umoci/rootfs")
  end)
end

-- The same layer above another one: another content, another layer of the store.
made = layout.make("/tmp/two", { layers = { layout.busybox(), lower "second", LINKS }, config = { Cmd = { "cat", "/again" }, Env = { "PATH=/bin" } }, tag = "1" })
readable "/tmp/two"
check.succeeds("pull", "-q", "oci:/tmp/two:1")
local other = chained(chained(ids[1], made.diff_ids[2]), ids[3])
check.equal(names "layers", hex(ids[1], ids[2], chain, ids[4], made.diff_ids[2], other))
check.equal(run "localhost/two:1", "second")
check.equal(run "localhost/one:1", "first")
-- The copied file counts.
for _, name in ipairs { "one", "two" } do
  local layers = tiny.json_decode(check.succeeds("image", "tree", "--format", "json", ("localhost/%s:1"):format(name)))[1].layers
  check.equal(layers[3].bytes, 8 + #(name == "one" and "first" or "second"), "with its own files")
end
-- Nothing changed: nothing is done. A layer that is gone comes back.
assert(check.succeeds("pull", "oci:/tmp/two:1"):find "Image is up to date")
-- The same layer twice in one stack.
local LINK = tar.archive { tar.link("n", "m") }
made = layout.make("/tmp/three", { layers = { layout.busybox(), tar.archive { tar.file("m", "1") }, LINK, tar.archive { tar.file("m", "2") }, LINK },
  config = { Cmd = { "cat", "/n" }, Env = { "PATH=/bin" } }, tag = "1" })
readable "/tmp/three"
check.succeeds("pull", "-q", "oci:/tmp/three:1")
check.equal(run "localhost/three:1", "2")

-- Saved, loaded, committed: the digests are the same, and the layers below stay.
check.succeeds("save", "-o", check.root .. "/saved.tar", "localhost/one:1")
local first = check.root
check.root = first .. "/second"
check.succeeds("load", "-q", "-i", first .. "/saved.tar")
check.equal(run "localhost/one:1", "first")
check.succeeds("save", "-o", first .. "/again.tar", "localhost/one:1")
check.equal(check.digest(first .. "/again.tar"), check.digest(first .. "/saved.tar"), "save, load, save")
check.root = first
check.succeeds("run", "--name", "changed", "--network", "none", "localhost/one:1", "sh", "-c", "echo more >/more")
check.succeeds("commit", "changed", "localhost/changed:1")
check.succeeds("rm", "changed")
check.equal(run("localhost/changed:1", "cat", "/etc/copy", "/more"), "firstmore")

-- Pushed and pulled again, where the layers come at the same time.
if check.start == tiny.fork then
  local server <close>, place = require("web").registry()
  local name = place .. "/one:1"
  check.succeeds("tag", "localhost/one:1", name)
  local pushed = check.succeeds("push", name)
  check.root = first .. "/third"
  local pulled = check.succeeds("pull", name)
  check.equal(pulled:match "Digest: (sha256:%x+)", assert(pushed:match "digest: (sha256:%x+)"))
  check.equal(run(name), "first")
  check.root = first
  check.succeeds("rmi", name)
end

-- Verified and repaired.
local whole = check.run { "image", "verify", "localhost/one:1" }
check.equal(whole.status, 0, whole.out .. whole.err)
maker.as_user(function() tiny.remove(store.path("layers/" .. chain:sub(8)), { recursive = true }) end)
assert(check.run({ "image", "verify", "localhost/one:1" }).out:find("the unpacked layer " .. ids[3] .. " is missing", 1, true))
check.succeeds("image", "verify", "--repair", "localhost/one:1")
check.equal(run "localhost/one:1", "first")

-- Links that lead nowhere or out: a sentence, and nothing is left.
tiny.mkdir("/tmp/canary", { mode = OCTAL "777" })
tiny.write_file("/tmp/canary/f", "canary")
local number = 0
local function refused(text, layers)
  number = number + 1
  local dir, before = "/tmp/bad" .. number, names "layers"
  layout.make(dir, { layers = layers, config = { Cmd = { "true" } }, tag = "1" })
  readable(dir)
  local result = check.run { "pull", "-q", "oci:" .. dir .. ":1" }
  check.equal(result.status, 125)
  assert(result.err:find(text, 1, true), result.err)
  check.equal(result.err:gsub("\n  hint: [^\n]*\n$", ""):find "\n", nil)
  for name in names "layers":gmatch "%S+" do assert(before:find(name, 1, true) or not name:find "^%.", name) end
end
local base = lower "first"
refused('l (it is a hard link to "nothing", which no layer has)', { base, tar.archive { tar.link("l", "nothing") } })
refused('l (it is a hard link to "out/f", which no layer has)', { base, tar.archive { tar.link("l", "out/f") } })
refused('l (it is a hard link to "d/other", which no layer has)', { base, tar.archive { tar.file("d/.wh.other", ""), tar.link("l", "d/other") } })
refused('l (it is a hard link to "d/other", which no layer has)', { base, tar.archive { tar.file("d/.wh..wh..opq", ""), tar.link("l", "d/other") } })
refused('l (it is a hard link to "d/other", which no layer has)', { base, tar.archive { tar.file(".wh..wh..opq", ""), tar.link("l", "d/other") } })
refused("it is a hard link to a directory", { base, tar.archive { tar.link("l", "d") } })
refused("leads upward", { base, tar.archive { tar.link("l", "../f") } })
refused("which is not in the same layer", { tar.archive { tar.link("l", "nothing") } })
check.equal(table.concat(tiny.list_dir "/tmp/canary"), "f")
check.equal(tiny.read_file "/tmp/canary/f", "canary")

-- Collected with the last image that has it.
for _, name in ipairs { "one", "three", "changed" } do check.succeeds("rmi", ("localhost/%s:1"):format(name)) end
check.equal(run "localhost/two:1", "second")
check.succeeds("rmi", "localhost/two:1")
check.succeeds "gc"
check.equal(names "layers", "")
check.equal(names "blobs/sha256", "")
check.equal(names "trash", "")
