-- commit, export and import: a container's changes as a layer, its files as an archive, an archive as an image.
local check, layout = require "check", require "image_layout"

local function run(...) return (check.succeeds("run", "--rm", "--network", "none", ...):gsub("\n$", "")) end
local function config_of(name) return tiny.json_decode(check.succeeds("image", "inspect", name))[1] end

local files = layout.busybox()
files["etc/one"], files["etc/two"], files["old/a"], files["old/b"] = "one\n", "two\n", "a", "b"
layout.make("/tmp/lay", { layers = { files }, config = { Cmd = { "cat", "/etc/one" }, Env = { "PATH=/bin", "A=1" } }, tag = "1" })
check.succeeds("pull", "-q", "oci:/tmp/lay")

check.succeeds("run", "-d", "--name", "web", "--network", "none", "-e", "B=2", "-w", "/etc", "localhost/lay:1", "sleep", "1000")
check.succeeds("exec", "web", "sh", "-c", "echo new >/etc/one; busybox rm /etc/two; busybox rm -r /old; busybox mkdir /old; echo c >/old/c; busybox chown 7:8 /old/c; busybox ln -s one /etc/link")
local id = check.succeeds("commit", "-a", "me", "-m", "words", "-c", 'CMD ["sh", "-c", "cat /etc/link; ls /old; env; pwd"]', "-c", "ENV C=3 D=\"4 5\"", "-c", "LABEL l=x", "-c", "EXPOSE 80 53/udp",
  "web", "changed:2")
check.equal(#id, 72)
check.equal(check.succeeds("inspect", "-f", "state.status", "web"), "running\n", "it goes on")
local out = run "changed:2"
assert(out:find "^new\nc\n", out)
for _, line in ipairs { "A=1", "B=2", "C=3", "D=4 5", "/etc" } do assert(("\n" .. out .. "\n"):find("\n" .. line .. "\n", 1, true), line .. ": " .. out) end
check.equal(run("changed:2", "ls", "/etc"):find("two", 1, true), nil, "a removed file")
check.equal(run("changed:2", "busybox", "stat", "-c", "%u:%g", "/old/c"), "7:8")
local history = check.succeeds("image", "history", "changed:2")
assert(history:find("words", 1, true), history)
-- Of a stopped container; without a name it has only its id.
check.succeeds("stop", "-t", "0", "web")
local again = check.succeeds("commit", "web"):gsub("\n", "")
check.equal(run((again:sub(8, 19)), "cat", "/etc/one"), "new")
-- What it made is an ordinary image.
check.succeeds("save", "-o", "/tmp/saved.tar", "changed:2")
local root = check.root
check.root = "/tmp/other"
check.equal(check.succeeds("load", "-q", "-i", "/tmp/saved.tar"), "Loaded image: changed:2\n")
check.equal(run("changed:2", "cat", "/etc/link"), "new")
check.root = root

-- The files of a container, running or not.
check.succeeds("start", "web")
for _, how in ipairs { "running", "stopped" } do
  if how == "stopped" then check.succeeds("stop", "-t", "0", "web") end
  check.succeeds("export", "-o", "/tmp/web.tar", "web")
  tiny.mkdir("/tmp/out-" .. how)
  local archive <close> = tiny.open "/tmp/web.tar"
  tiny.tar_unpack("/tmp/out-" .. how, { from = archive, archive = true })
  local top = "/tmp/out-" .. how
  check.equal(tiny.read_file(top .. "/etc/one"), "new\n", how)
  check.equal(tiny.readlink(top .. "/etc/link"), "one")
  check.equal(tiny.stat(top .. "/etc/two"), nil)
  check.equal(table.concat(tiny.list_dir(top .. "/old"), " "), "c")
  check.equal(tiny.stat(top .. "/old/c").uid, 7)
  check.equal(tiny.stat(top .. "/proc/self", { follow = false }), nil, "what is mounted there")
end
local imported = check.succeeds("import", "-c", "CMD cat /etc/one", "-c", "ENV PATH=/bin", "-c", "WORKDIR /old", "/tmp/web.tar", "flat:1")
check.equal(#imported, 72)
check.equal(run "flat:1", "new")
check.equal(run("flat:1", "cat", "c"), "c")
os.execute "gzip -k /tmp/web.tar"
check.succeeds("import", "/tmp/web.tar.gz", "flat:2")
check.equal(run("flat:2", "cat", "/etc/one"), "new")

for words, text in pairs {
  [{ "commit", "nothing" }] = 'no such container: "nothing"',
  [{ "commit", "web", "a@sha256:x" }] = "is not a digest",
  [{ "commit", "web", "Upper" }] = "repositories are written in lower case",
  [{ "commit", "-c", "FROM x", "web" }] = '--change: "FROM x" is not an instruction\n  hint: one of CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR',
  [{ "commit", "-c", "ENV =", "web" }] = '--change: "ENV =" is not valid\n  hint: ENV KEY=VALUE',
  [{ "commit", "-c", "USER 99999999999", "web" }] = "the configuration of the new image",
  [{ "import", "/tmp/none.tar" }] = "ENOENT",
  [{ "import", "/dev/null" }] = "the archive is empty",
  [{ "import", "/etc/passwd" }] = "",
  [{ "import", "https://example.com/x.tar" }] = "import: URLs are not fetched\n  hint: curl https://example.com/x.tar | tinylua import - NAME",
} do
  local result = check.run(words)
  assert(result.status == 125 and result.err:find(text, 1, true), ("%s: %d %s"):format(text, result.status, result.err))
end
check.succeeds("run", "-d", "--name", "host", "sleep", "1000")
check.refused('host has no image\n  hint: `tinylua export` writes its files as an archive, and `tinylua import` makes an image of one', "commit", "host")
check.refused("host shows the host's files, which are not exported\n  hint: tinylua diff host lists its changes, and tinylua cp copies them", "export", "host")
check.succeeds("rm", "-f", "host", "web")
for _, name in ipairs { "changed:2", "flat:1", "flat:2", "localhost/lay:1", again } do check.succeeds("rmi", "-f", name) end
check.succeeds "gc"
for _, folder in ipairs { "blobs/sha256", "layers", "ingest", "locks", "refs", "trash" } do check.equal(#tiny.list_dir(check.root .. "/images/" .. folder), 0, folder) end

-- prune: nameless images, and with -a all that no container uses.
check.succeeds("pull", "-q", "oci:/tmp/lay")
check.succeeds("run", "-d", "--name", "web", "--network", "none", "localhost/lay:1", "sleep", "1000")
check.succeeds("commit", "web")
check.succeeds("commit", "web", "unused:1")
local asked = check.run { "image", "prune" }
check.equal(asked.status, 1, asked.err)
local pruned = check.succeeds("image", "prune", "-f")
assert(pruned:find "^Deleted Images:\nsha256:%x+\n\nTotal reclaimed space: [%d.]+ %a+\n$", pruned)
pruned = check.succeeds("image", "prune", "-a", "-f")
assert(pruned:find "^Deleted Images:\ndocker.io/library/unused:1\n\nTotal", pruned)
check.equal(run("localhost/lay:1", "cat", "/etc/one"), "one", "the container's image stays")
