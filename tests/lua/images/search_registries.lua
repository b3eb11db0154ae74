-- A short name and the search registries of registries.conf: which one an image comes from, and when the search ends.
local check, web, layout = require "check", require "web", require "image_layout"

web.own_etc()
local first <close>, one = web.registry()
local second <close>, two = web.registry()
local registries, registry, reference = require "tiny.images.registries", require "tiny.images.registry", require "tiny.images.reference"

local function configure(text)
  tiny.mkdir("/etc/containers", { parents = true })
  tiny.write_file("/etc/containers/registries.conf", text)
end
local function search(...)
  local quoted = {}
  for i, place in ipairs { ... } do quoted[i] = ("%q"):format(place) end
  return ("unqualified-search-registries = [%s]\n"):format(table.concat(quoted, ", "))
end

local made = layout.make("/tmp/a", { layers = { layout.busybox() }, config = { Cmd = { "echo", "app" }, Env = { "PATH=/bin" } } })
local source = registries.sources(reference.parse(two .. "/app:latest"))[1]
for _, part in ipairs { made.config, made.layers[1] } do registry.upload(source, part.digest, "/tmp/a/blobs/sha256/" .. part.digest:sub(8)) end
registry.put_manifest(source, "latest", tiny.read_file("/tmp/a/blobs/sha256/" .. made.manifest.digest:sub(8)), made.manifest.mediaType)

-- The second one has it.
configure(search(one, two))
local out = check.succeeds("pull", "app")
assert(out:find(("Trying %s/app:latest\nlatest: Pulling from app\nTrying %s/app:latest\nlatest: Pulling from app\n"):format(one, two), 1, true), out)
assert(out:find(("\n%s/app:latest\n$"):format(two)), out)
check.equal(check.succeeds("pull", "-q", "app"), two .. "/app:latest\n")

-- The local image has this short name, too.
local run = check.run { "run", "--rm", "--network", "none", "app" }
check.equal(run.err, "")
check.equal(run.out, "app\n")
check.equal(tiny.json_decode(check.succeeds("image", "inspect", "app"))[1].name, two .. "/app:latest")
check.equal(check.succeeds("run", "--rm", "--network", "none", "--pull", "never", "--image", "app", "echo", "local"), "local\n")
check.equal(check.succeeds("rmi", "app"):match("^[^\n]+"), ("Untagged: %s/app:latest"):format(two))
check.succeeds "gc"

-- No registry has it: each says so.
check.refused(("no search registry has none: %s/none:9: %s does not have this image: manifest unknown; %s/none:9: %s does not have this image: manifest unknown\n  hint: unqualified-search-registries of registries.conf lists them; check the name and the tag, or write the whole name"):format(one, one, two, two), "pull", "-q", "none:9")

-- One that cannot be asked ends the search.
local dead = "127.0.0.1:" .. web.free_port()
configure(search(dead, two))
local failed = check.run { "pull", "-q", "app" }
check.equal(failed.status, 125)
assert(failed.err:find(("%s does not accept connections"):format(dead), 1, true), failed.err)
assert(failed.err:find(("or write the whole name: %s is the search registry 1 of 2"):format(dead), 1, true), failed.err)
check.equal(check.succeeds("images", "-q"), "")

-- One that rejects the user's credentials ends it as well; without credentials, its answer is that of a registry without the image.
for _, answer in ipairs { 401, 403 } do
  local strict <close> = web.serve(function(request)
    if request.headers.authorization then return web.reply(answer, { ["WWW-Authenticate"] = 'Basic realm="corp"' }, "{}") end
    return web.reply(401, { ["WWW-Authenticate"] = 'Basic realm="corp"' }, "{}")
  end)
  configure(search(strict.place, two))
  check.equal(check.succeeds("pull", "-q", "app"), two .. "/app:latest\n")
  check.succeeds("rmi", "app")
  check.environment = { PATH = os.getenv "PATH", HOME = "/tmp", REGISTRY_AUTH_FILE = "/tmp/auth.json" }
  tiny.write_file("/tmp/auth.json", tiny.json_encode { auths = { [strict.place] = { auth = require("tiny.base.base64").encode "me:OLD" } } })
  failed = check.run { "pull", "-q", "app" }
  check.environment = nil
  check.equal(failed.status, 125)
  assert(failed.err:find(answer == 401 and "does not accept the credentials of /tmp/auth.json" or "denies access", 1, true), failed.err)
  assert(failed.err:find(("or write the whole name: %s is the search registry 1 of 2"):format(strict.place), 1, true), failed.err)
  check.equal(check.succeeds("images", "-q"), "")
end

-- The host wants one to be chosen.
configure(search(one, two) .. 'short-name-mode = "enforcing"\n')
check.refused(('app may be one of %s/app:latest, %s/app:latest: registries.conf has short-name-mode = "enforcing"\n  hint: write the whole name, or give it an alias in registries.lua or registries.conf'):format(one, two), "pull", "-q", "app")
configure(search(two) .. 'short-name-mode = "enforcing"\n')
check.equal(check.succeeds("pull", "-q", "app"), two .. "/app:latest\n")
