-- Images outside of registries: OCI layouts, docker's archives and skopeo's dir: are loaded, and what is saved has the same digests.
-- Everything in them is checked.
local check = require "check"
local layout = require "image_layout"

local function run(...) return (check.succeeds("run", "--rm", ...):gsub("\n$", "")) end
-- The output of a program; nil if it fails.
local function program(words)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec(words)
  end)
  into:close()
  local text = ""
  for bytes in function() return from:read() end do text = text .. bytes end
  return child:wait() == 0 and text or nil
end

-- A layout with an index for two platforms, and layers in each of the forms.
local made = layout.make("/tmp/lay", {
  layers = { layout.busybox(), { ["etc/one"] = "one\n" }, { ["etc/two"] = "two\n", ["etc/passwd"] = { removed = true } } },
  compress = { "gzip", "zstd", false }, config = { Cmd = { "cat", "/etc/one", "/etc/two" }, Env = { "PATH=/bin" } }, tag = "12", index = true,
})
local out = check.succeeds("pull", "oci:/tmp/lay")
assert(out:find("Status: Downloaded newer image for localhost/lay:12\nlocalhost/lay:12\n$"), out)
assert(out:find("Digest: " .. made.top.digest, 1, true), out)
check.equal(run "localhost/lay:12", "one\ntwo")
check.equal(run("--network", "none", "localhost/lay:12", "ls", "/etc"), "hosts\none\ntwo")
out = check.succeeds("pull", "oci:/tmp/lay:12")
assert(out:find "Status: Image is up to date for localhost/lay:12", out)
check.equal(check.succeeds("pull", "-q", "oci:/tmp/lay:12"), "localhost/lay:12\n")

-- Saved and loaded elsewhere: the same manifest, index and blobs.
check.succeeds("save", "-o", "/tmp/saved.tar", "localhost/lay:12")
local first = check.root
check.root = "/tmp/other"
check.equal(check.run({ "load", "-i", "/tmp/saved.tar" }).out:match("Loaded image.*$"), "Loaded image: localhost/lay:12\n")
check.equal(run "localhost/lay:12", "one\ntwo")
check.succeeds("save", "-o", "/tmp/again.tar", "localhost/lay:12")
check.equal(tiny.sha256(tiny.read_file "/tmp/again.tar"), tiny.sha256(tiny.read_file "/tmp/saved.tar"), "save, load, save")
-- Through a pipe.
check.root = "/tmp/third"
local piped = program { "sh", "-c", ('cat /tmp/saved.tar | "$0" --root %s load -q'):format(check.root), ("/proc/%d/exe"):format(tiny.getpid()) }
check.equal(piped, "Loaded image: localhost/lay:12\n")
check.equal(check.run({ "save", "localhost/lay:12" }).out, tiny.read_file "/tmp/saved.tar")

-- What skopeo reads and writes.
if program { "sh", "-c", "command -v skopeo" } then
  local name = program { "skopeo", "inspect", "--format", "{{.Digest}}", "--override-arch", "amd64", "oci-archive:/tmp/saved.tar" }
  check.equal(name, made.top.digest .. "\n", "the digest that skopeo sees")
  check.root = "/tmp/fourth"
  local function copied(...) assert(program { "skopeo", "--insecure-policy", "copy", "-q", ... }) end
  -- Docker's formats have no zstd.
  layout.make("/tmp/gzip", { layers = { layout.busybox(), { ["etc/one"] = "one\n" } }, config = { Cmd = { "cat", "/etc/one" }, Env = { "PATH=/bin" } }, tag = "12" })
  copied("oci:/tmp/gzip:12", "docker-archive:/tmp/docker.tar:web:1")
  check.equal(check.run({ "load", "-i", "/tmp/docker.tar", "-q" }).out, "Loaded image: web:1\n")
  check.equal(run "web:1", "one")
  copied("oci:/tmp/gzip:12", "dir:/tmp/dir")
  check.equal(check.succeeds("pull", "-q", "dir:/tmp/dir"), "localhost/dir:latest\n")
  check.equal(run("localhost/dir", "cat", "/etc/one"), "one")
  check.equal(check.succeeds("pull", "-q", "docker-archive:/tmp/docker.tar:web:1"), "docker.io/library/web:1\n")
  check.succeeds("save", "-o", "/tmp/web.tar", "web:1")
  check.equal(program { "skopeo", "inspect", "--format", "{{.Os}}", "docker-archive:/tmp/web.tar:web:1" }, "linux\n")
end
check.root = first

-- Of several images one is chosen; an image without a name has only its id.
local b = layout.make("/tmp/two", { layers = { { ["etc/x"] = "x" } }, tag = "a" })
layout.index("/tmp/two", { { b.manifest, "a" }, { b.manifest, "b" } })
check.equal(check.succeeds("pull", "-q", "oci:/tmp/two:b"), "localhost/two:b\n")
local several = check.run { "pull", "oci:/tmp/two" }
check.equal(several.err, "tinylua: oci:/tmp/two has several images\n  hint: choose one: oci:/tmp/two:NAME; it has localhost/two:a, localhost/two:b\n")
layout.index("/tmp/two", { { b.manifest } })
check.succeeds("pull", "-q", "oci:/tmp/two")

-- Everything that is wrong is refused, in one sentence; nothing remains.
local function fresh(options)
  tiny.try(tiny.remove, "/tmp/bad", { recursive = true })
  options = options or {}
  options.layers = options.layers or { { ["etc/x"] = "bad " .. tiny.random_id() } }
  options.tag = "1"
  return layout.make("/tmp/bad", options)
end
local function refused(text)
  local result = check.run { "pull", "-q", "oci:/tmp/bad" }
  assert(result.status == 125 and result.err:find(text, 1, true), ("%s: %d %s"):format(text, result.status, result.err))
  for _, name in ipairs(tiny.list_dir(check.root .. "/images/refs")) do assert(not name:find("bad", 1, true), name) end
end
local bad = fresh()
local path = "/tmp/bad/blobs/sha256/"
tiny.remove(path .. bad.layers[1].digest:sub(8))
refused(("oci:/tmp/bad has no blobs/sha256/%s\n  hint: it is not complete"):format(bad.layers[1].digest:sub(8)))
tiny.write_file(path .. bad.layers[1].digest:sub(8), "other")
refused(("oci:/tmp/bad is damaged: blobs/sha256/%s has the digest sha256:%s"):format(bad.layers[1].digest:sub(8), tiny.sha256 "other"))
tiny.remove(path .. bad.layers[1].digest:sub(8))
-- One that is longer than it should be, perhaps without an end, does not fill the disk.
tiny.write_file(path .. bad.layers[1].digest:sub(8), ("x"):rep(bad.layers[1].size + 1))
refused(("has more than %d bytes"):format(bad.layers[1].size))
tiny.remove(path .. bad.layers[1].digest:sub(8))
-- A link leads nowhere but into the layout.
tiny.write_file("/tmp/secret", "other")
tiny.symlink("/tmp/secret", path .. bad.layers[1].digest:sub(8))
refused "it is not complete"
bad = fresh()
tiny.write_file(path .. bad.config.digest:sub(8), "{}")
refused "oci:/tmp/bad is damaged: its configuration has another digest"
tiny.write_file(path .. bad.manifest.digest:sub(8), "{}")
refused("oci:/tmp/bad is damaged: it has no " .. bad.manifest.digest)
fresh { more = { rootfs = { type = "layers", diff_ids = { "sha256:" .. ("1"):rep(64) } } } }
refused "instead of sha256:1111"
fresh { more = { rootfs = { type = "layers", diff_ids = { "sha256:../x" } } } }
refused '"sha256:../x" is not a digest'
fresh { more = { rootfs = { type = "layers" } } }
refused "it lists 0 layers, and the manifest 1"
fresh { platform = "linux/s390x", index = true }
refused "oci:/tmp/bad has no image for linux/amd64\n  hint: it has linux/s390x: choose with --platform"
fresh()
tiny.write_file("/tmp/bad/index.json", "[")
refused "the index of oci:/tmp/bad is not valid JSON"
tiny.remove "/tmp/bad/index.json"
refused "oci:/tmp/bad is not an OCI layout: it has no index.json"
tiny.mknod("/tmp/bad/index.json", "fifo")
refused "is not valid JSON: EOF"
for words, text in pairs {
  [{ "pull", "oci:/tmp/nowhere" }] = "oci:/tmp/nowhere does not exist",
  [{ "pull", "oci:/tmp/secret" }] = "oci:/tmp/secret is not a directory",
  [{ "pull", "oci-archive:/tmp/nowhere" }] = "oci-archive:/tmp/nowhere does not exist, or cannot be read",
  [{ "pull", "oci:/tmp/lay:13" }] = 'oci:/tmp/lay has no image "13"\n  hint: it has 12',
  [{ "load", "-i", "/tmp/secret" }] = "/tmp/secret cannot be unpacked: ",
  [{ "load", "-i", "/tmp/nowhere" }] = "ENOENT",
  [{ "save", "-o", "/tmp/x.tar", "nothing:1" }] = 'no such image: "nothing:1"',
} do
  local result = check.run(words)
  assert(result.status == 125 and result.err:find(text, 1, true), ("%s: %d %s"):format(text, result.status, result.err))
end
assert(not tiny.stat "/tmp/x.tar")
-- A sparse file in an archive of 3 KiB would be written as a layer of 3 GiB.
do
  local tar = require "tar_maker"
  local hole = { name = "layer.tar", data = "", pax = { { "GNU.sparse.size", tostring(3 << 30) }, { "GNU.sparse.map", (3 << 30) .. ",0" }, { "GNU.sparse.name", "layer.tar" } } }
  local config = tiny.json_encode { os = "linux", architecture = "amd64", rootfs = { type = "layers", diff_ids = { "sha256:" .. ("0"):rep(64) } } }
  tiny.write_file("/tmp/sparse.tar", tar.archive { tar.file("manifest.json", '[{"Config":"config.json","RepoTags":["sparse:1"],"Layers":["layer.tar"]}]'),
    tar.file("config.json", config), hole })
  for _, words in ipairs { { "load", "-i", "/tmp/sparse.tar" }, { "pull", "docker-archive:/tmp/sparse.tar" }, { "pull", "oci-archive:/tmp/sparse.tar" } } do
    local result = check.run(words)
    assert(result.status == 125 and result.err:find("/tmp/sparse.tar has sparse files", 1, true), result.err)
  end
end
-- An archive of few bytes that names its image many times.
do
  local tar = require "tar_maker"
  local layer = tar.archive { tar.file("many", "") }
  local config = tiny.json_encode { os = "linux", architecture = "amd64", rootfs = { type = "layers", diff_ids = { "sha256:" .. tiny.sha256(layer) } } }
  local names = {}
  for i = 1, 201 do names[i] = ('"many:%d"'):format(i) end
  tiny.write_file("/tmp/many.tar", tar.archive {
    tar.file("manifest.json", ('[{"Config":"config.json","RepoTags":[%s],"Layers":["layer.tar"]}]'):format(table.concat(names, ","))),
    tar.file("config.json", config), tar.file("layer.tar", layer),
  })
  local result = check.run { "load", "-i", "/tmp/many.tar" }
  assert(result.status == 125 and result.err:find("docker.io/library/many:1 has 201 names in the archive; at most 200 are stored", 1, true), result.err)
end
-- Nothing half-done is left in the store; without a name and a container there is nothing at all.
local function left(folder) return tiny.list_dir(check.root .. "/images/" .. folder) end
check.equal(#left "ingest", 0)
check.succeeds "gc"
check.equal(#left "trash", 0)
for _, name in ipairs(left "layers") do assert(name:find("^%x+$"), name) end
check.equal(run "localhost/lay:12", "one\ntwo")
check.succeeds("run", "-d", "--name", "user", "localhost/lay:12", "sleep", "1000")
for _, name in ipairs(left "refs") do check.succeeds("rmi", "-f", (name:gsub("+", "/"))) end
check.succeeds "gc"
check.equal(#left "layers", 3, "those of the container")
check.equal(check.succeeds("exec", "user", "cat", "/etc/two"), "two\n")
check.succeeds("restart", "-t", "0", "user")
check.succeeds("rm", "-f", "user")
check.succeeds "gc"
for _, folder in ipairs { "blobs/sha256", "layers", "ingest", "locks", "refs", "trash" } do check.equal(#left(folder), 0, folder) end
