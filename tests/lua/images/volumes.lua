-- The volumes of images, with their first content; and the default network of a container that runs an image.
local check = require "check"
local maker = require "image_maker"

-- Whether this is the run of an unprivileged user.
local ordinary = check.start ~= tiny.fork
local BASE = maker.busybox()
BASE["var/db/seed"], BASE["srv/page"] = "seed\n", "page\n"
BASE.link, BASE["etc/host"] = { link = "/srv" }, "the image's\n"
local CONFIG = { Cmd = { "cat", "/var/db/seed" }, Volumes = { ["/var/db"] = {}, ["/empty/"] = {} } }
maker.image("db", { BASE }, CONFIG)

local function run(...) return (check.succeeds("run", "--rm", "--network", "none", ...):gsub("\n$", "")) end
local function volumes() return select(2, check.succeeds("volume", "ls", "-q"):gsub("\n", "")) end

-- An anonymous volume each, which go with the container.
check.equal(run("db"), "seed")
check.equal(run("db", "sh", "-c", "echo x >/empty/x && ls /empty"), "x")
check.equal(volumes(), 0)
check.succeeds("create", "--name", "kept", "--network", "none", "db", "sh", "-c", "echo more >>/var/db/seed; cat /var/db/seed")
check.equal(volumes(), 2)
for _ = 1, 2 do
  check.succeeds("start", "kept")
  check.succeeds("wait", "kept")
end
check.equal(check.succeeds("logs", "-n", "3", "kept"), "seed\nmore\nmore\n", "the same volumes at each start")
check.equal(#tiny.json_decode(check.succeeds("inspect", "-f", "config.mounts", "kept")), 2)
check.succeeds("rm", "-v", "kept")
check.equal(volumes(), 0)

-- What the command line mounts there comes instead.
check.equal(run("-v", "named:/var/db", "db", "sh", "-c", "cat /var/db/seed; echo own >/var/db/seed"), "seed")
check.equal(run("-v", "named:/var/db", "db"), "own")
check.equal(run("--tmpfs", "/var/db", "db", "ls", "/var/db"), "")
check.equal(volumes(), 1)
check.equal(run("-v", "nocopy:/srv:nocopy", "db", "ls", "/srv"), "")
check.equal(run("-v", "nocopy:/srv", "--read-only", "db", "cat", "/srv/page"), "page")
-- A target that is a link stays in the image.
check.equal(run("-v", "linked:/link", "db", "cat", "/srv/page"), "page")
if require("canaries").has_idmaps() and not ordinary then
  check.equal(run("--userns", "auto", "-v", "mapped:/var/db", "db", "sh", "-c", "cat /var/db/seed; stat -c %u /var/db/seed"), "seed\n0")
  check.equal(tiny.stat(check.root .. "/volumes/mapped/data/seed").uid, 0)
end
check.succeeds("volume", "prune", "-af")

-- The network is bridge; without a program for it, an unprivileged user's container has none, with a note.
local made = check.run { "create", "--name", "net", "db" }
check.equal(made.status, 0, made.err)
local network = check.succeeds("inspect", "-f", "config.network", "net")
if ordinary then
  assert(network == "pasta\n" or network == "slirp4netns\n" or network == "none\n" and made.err:find("tinylua: the container has no network: ", 1, true), network .. made.err)
else
  check.equal(network, "bridge\n")
end
check.succeeds("rm", "-v", "net")
check.no_container()
