-- run, create and recipes with an image: which word is one, its layers, its configuration, and what stays of it.
local check = require "check"
local maker = require "image_maker"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local BASE = maker.busybox()
BASE.name = "base"
BASE["etc/os"], BASE["srv/both"], BASE["srv/gone"], BASE["srv/old/deep"] = "base", "base", "base", "base"
local base = maker.image("base", { BASE }, { Cmd = { "cat", "/etc/os" } })
local UPPER = { name = "upper", ["srv/both"] = "upper", ["srv/gone"] = { removed = true }, ["srv/old"] = { opaque = true }, ["srv/old/new"] = "upper" }
local app = maker.image("ghcr.io/owner/app:1", { BASE, UPPER }, {
  Entrypoint = { "/bin/sh", "-c" }, Cmd = { "echo $A $B; pwd; id -u" }, Env = { "A=image", "B=image", "PATH=/bin" }, WorkingDir = "/work", User = "web",
  StopSignal = "SIGUSR1", Labels = { ["--privileged"] = "true", who = "image" }, ExposedPorts = { ["80/tcp"] = {} },
})

local function run(...) return (check.succeeds("run", "--rm", ...):gsub("\n$", "")) end

-- The first word.
check.equal(run("base"), "base", "a local image, and its command")
check.equal(run("base:latest", "echo", "x"), "x")
check.equal(run("docker.io/library/base", "echo", "x"), "x")
check.equal(run(base.config:sub(8, 20)), "base", "an id")
check.equal(run(base.config), "base")
check.equal(run("base@" .. base.manifest), "base", "a digest")
check.equal(run("--image", "base", "cat", "/srv/gone"), "base")
check.equal(run("--host", "echo", "base"), "base")
check.equal(run("echo", "base"), "base", "a program of the host")
check.equal(run("/bin/echo", "a:b"), "a:b")
-- An image comes before a program of the host.
maker.image("printf", { BASE }, { Cmd = { "echo", "the image" } })
check.equal(run("printf"), "the image")
check.equal(run("--host", "printf", "the host"), "the host")
check.equal(run("--rootfs", store.layer(app.layers[1].diff_id) or maker.as_user(function() return store.layer(app.layers[1].diff_id) end), "echo", "x"), "x")

-- The layers: the upper one replaces, removes, and hides a whole directory.
check.equal(run("ghcr.io/owner/app:1", "cat /srv/both /srv/old/new; ls /srv /srv/old"), "upperupper/srv:\nboth\nold\n\n/srv/old:\nnew")
-- Nothing of the host is there, and a change stays in the container.
check.equal(run("base", "ls", "/"), "bin\ndev\netc\nproc\nsrv\nsys\ntmp")
check.equal(run("base", "sh", "-c", "echo x >/etc/os; rm /srv/both; cat /etc/os; ls /srv"), "x\ngone\nold")
check.equal(run("base"), "base")

-- The configuration, and what the command line changes.
check.equal(run("ghcr.io/owner/app:1"), "image image\n/work\n1000")
check.equal(run("-e", "B=own", "-w", "/tmp", "-u", "root", "ghcr.io/owner/app:1"), "image own\n/tmp\n0")
check.equal(run("ghcr.io/owner/app:1", "echo hi"), "hi")
check.equal(run("--entrypoint", "echo", "ghcr.io/owner/app:1"), "", "an entrypoint also replaces the command")
check.equal(run("--entrypoint", "echo", "ghcr.io/owner/app:1", "one", "two"), "one two")
check.equal(run("--entrypoint", "", "--image", "ghcr.io/owner/app:1", "echo", "x"), "x")

-- Read-only, tmpfs, volumes, several users at once.
check.equal(run("--read-only", "--tmpfs", "/t", "base", "sh", "-c", "touch /t/x; touch /x 2>/dev/null || ls /t"), "x")
tiny.mkdir("/tmp/shared", { parents = true })
tiny.write_file("/tmp/shared/file", "shared")
check.equal(run("-v", "/tmp/shared:/srv/new:ro", "base", "cat", "/srv/new/file"), "shared")

-- A container keeps its image, its changes and its record after the name is gone.
local id = check.succeeds("create", "--name", "kept", "--label", "who=own", "ghcr.io/owner/app:1", "echo run >>/tmp/runs; cat /tmp/runs"):sub(1, 12)
local config = tiny.json_decode(check.succeeds("inspect", "kept"))[1].config
check.equal(config.image, "ghcr.io/owner/app:1")
check.equal(config.from_image.name, "ghcr.io/owner/app:1")
check.equal(config.from_image.id, app.config)
check.equal(config.from_image.manifest, app.manifest)
check.equal(config.from_image.layers[2], app.layers[2].diff_id)
check.equal(config.from_image.defaults.command[1], "echo $A $B; pwd; id -u")
check.equal(config.from_image.requested.command[1], "echo run >>/tmp/runs; cat /tmp/runs")
check.equal(config.from_image.requested.env, nil)
check.equal(config.stop_signal, "SIGUSR1")
check.equal(config.user, "web")
check.equal(config.env.A, "image")
check.equal(config.labels.who, "own")
check.equal(config.labels["--privileged"], "true")
check.equal(config.privileged, nil)
check.equal(table.concat(config.command, " "), "/bin/sh -c echo run >>/tmp/runs; cat /tmp/runs")
maker.as_user(function() return store.remove_ref(reference.full(reference.parse "ghcr.io/owner/app:1")) end)
for i = 1, 2 do
  check.succeeds("start", "kept")
  check.succeeds("wait", "kept")
  check.equal(check.succeeds("logs", "-n", tostring(i), "kept"), ("run\n"):rep(i))
end
check.succeeds("cp", "kept:/srv/both", "/tmp/both")
check.equal(tiny.read_file("/tmp/both"), "upper", "a stopped container's files")
local changed = check.succeeds("diff", "kept")
assert(changed:find("A  /tmp/runs\n", 1, true) and changed:find("C  /tmp\n", 1, true) and not changed:find("/srv", 1, true), changed)
check.succeeds("rm", "kept")
assert(id)

-- A recipe. Without the layers it cannot start, and says so.
tiny.write_file("/tmp/recipe.lua", 'return require("tiny.container").new { image = "base", env = { X = "recipe" }, command = { "sh", "-c", "echo $X; cat /etc/os" } }')
check.equal(run("/tmp/recipe.lua"), "recipe\nbase")
check.equal(run("-e", "X=own", "/tmp/recipe.lua"), "own\nbase")
check.equal(run("--image", "printf", "/tmp/recipe.lua"), "recipe\nbase")
check.succeeds("create", "--name", "lost", "base")
maker.as_user(function() store.discard((store.layer(base.layers[1].diff_id):gsub("/fs$", ""))) end)
local lost = check.run { "start", "lost" }
check.equal(lost.err, ('tinylua: the image "base" is incomplete: its layer %s is missing\n  hint: `tinylua pull` restores it\n'):format(base.layers[1].diff_id))
check.succeeds("rm", "lost")
check.no_container()
