-- The layers of an image as an overlay: none, one, the same one twice, 500; a user namespace; a workdir, a user and a volume that
-- lead elsewhere through links.
local check = require "check"
local layers = require "tiny.images.layers"
local maker = require "image_maker"
local store = require "tiny.images.store"

local BASE = maker.busybox()
BASE.name = "base"
BASE["etc/os"] = "base"
local function run(...) return (check.succeeds("run", "--rm", ...):gsub("\n$", "")) end
local function refused(text, ...)
  local result = check.run { "run", "--rm", ... }
  assert(result.err:find(text, 1, true), ("%s: %s: %s%s"):format(text, result.status, result.out, result.err))
  assert(result.status == 125, result.status)
  check.no_container()
end

-- A layer that is there twice: its files win over those between.
maker.image("twice", { BASE, { name = "b", ["etc/os"] = "b", ["etc/b"] = "b" }, BASE }, { Cmd = { "sh", "-c", "cat /etc/os /etc/b" } })
check.equal(run "twice", "baseb")

-- No layer at all: a program from a volume runs.
maker.image("none", {}, {})
check.equal(run("-v", "/bin/busybox:/bin/busybox:ro", "none", "/bin/busybox", "echo", "x"), "x")
refused('the image "none" has no command\n  hint: give one: tinylua run none CMD…', "none")

-- 500 layers are what the kernel takes.
local many = { BASE }
for i = 2, 500 do many[i] = { ["n/" .. i] = "x" } end
maker.image("many", many, { Cmd = { "sh", "-c", "ls /n | head -n 1000 >/all; cat /all" } })
local _, count = run("many"):gsub("%d+", "")
check.equal(count, 499)
many[501] = { ["n/501"] = "x" }
maker.image("more", many, { Cmd = { "true" } })
refused('the image "more" has 501 layers; the kernel\'s overlay file system takes at most 500\n  hint: squash the image', "more")

-- Root's user namespaces: files show the container's ids, and changes belong to them.
if check.start == tiny.fork and require("canaries").has_idmaps() then
  local text = run("--userns", "100000:100000:65536", "twice", "sh", "-c", "stat -c %u:%g /etc/os /tmp; touch /new; chown 5:5 /new; stat -c %u:%g /new; cat /etc/b")
  check.equal(text, "0:0\n0:0\n5:5\nb")
end

-- Links in the image lead nowhere else: paths are resolved in its own root.
tiny.mkdir("/tmp/canary", { parents = true })
maker.image("links", { BASE, { ["work"] = { link = "/../../../../tmp/canary" }, ["data"] = { link = "/tmp/canary" }, ["etc/passwd"] = "web:x:4294967296:0::/:/bin/sh\n" } },
  { Cmd = { "sh", "-c", "pwd; touch made; echo ok" }, WorkingDir = "/work/deep" })
check.equal(run "links", "/tmp/canary/deep\nok")
check.equal(#tiny.list_dir("/tmp/canary"), 0)
-- A user whose id is beyond 32 bits in the image's own file.
refused('user: no user "web" in the rootfs', "-u", "web", "links")

-- Hostile configurations are refused in one sentence that names the image.
for given, text in pairs {
  ['{"rootfs":{"diff_ids":[]},"config":{"User":"4294967296"}}'] = 'the user "4294967296" has an id that is not between 0 and 4294967294',
  ['{"rootfs":{"diff_ids":[]},"config":{"Cmd":["true"]},"config":{"Cmd":["false"]}}'] = 'the key "config" is there twice',
  ['{"rootfs":{"diff_ids":["sha256:../x"]}}'] = '"sha256:../x" is not a digest',
  ['{"rootfs":{"diff_ids":[]},"config":{"Volumes":{"/../etc":{}}}}'] = "contains ..",
  ['{"rootfs":{"diff_ids":[]},"config":{"Healthcheck":{"Test":["CMD","x"],"Interval":1e99}}}'] = "the health check's Interval is",
  ['{"os":"windows","rootfs":{"diff_ids":[]},"config":{"Cmd":["cmd"]}}'] = '"hostile" is an image for "windows"',
} do
  maker.image("hostile", {}, given)
  refused(text, "hostile")
end
-- A ref whose layers are not those of the configuration, and a configuration that is gone.
local image = maker.image("hostile", { BASE }, { Cmd = { "true" } })
maker.as_user(function()
  local changed = {}
  for key, value in pairs(image) do changed[key] = value end
  changed.layers = { { digest = image.config, diff_id = image.config, size = 1 } }
  store.write_ref("docker.io/library/hostile:latest", changed)
end)
refused("the image store is damaged: hostile:latest has other layers than its configuration says", "hostile")
maker.as_user(function()
  store.write_ref("docker.io/library/hostile:latest", image)
  tiny.remove(store.blob(image.config))
end)
refused("the image store is damaged: the configuration of hostile:latest is missing", "hostile")

-- One root, and a clear word for what is not local.
refused("a container has one root: either an image or a rootfs", "--rootfs", "/tmp", "--image", "twice", "true")
refused("view: a container with an image has no view of the host", "--view", "/srv", "--image", "twice", "true")
refused('"nowhere.example/x" is not in the image store\n  hint: `tinylua pull` fetches it', "--pull", "never", "nowhere.example/x")

-- Mounted alone, read-only.
if check.start == tiny.fork then
  check.inside({ mount = true }, function()
    tiny.mount_private("/")
    tiny.mkdir("/tmp/mounted")
    local ids = {}
    for at, layer in ipairs(require("tiny.images.local_image").find("twice").layers) do ids[at] = layer.diff_id end
    layers.mount("/tmp/mounted", ids, "twice", {})
    check.equal(tiny.read_file("/tmp/mounted/etc/b"), "b")
    check.fails("EROFS", tiny.write_file, "/tmp/mounted/x", "x")
  end)
end
