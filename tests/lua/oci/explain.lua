-- explain: a container that an engine has started, wherever the engine keeps the runtime's state.
local check = require "check"
local oci = require "oci_bundle"

local bundle = oci.bundle("sleep 60", function(config)
  config.linux.resources.pids = { limit = 50 }
  config.mounts[#config.mounts + 1] = { destination = "/data", type = "bind", source = "/tmp", options = { "rbind", "ro" } }
end)
-- As dockerd calls it.
local root = "/run/docker/runtime-tinylua/moby"
-- Engines have sockets and files there too.
for _, folder in ipairs { "/run/containerd/s", "/run/docker/runtime-other" } do tiny.mkdir(folder, { parents = true }) end
local door <close> = tiny.unix_listen "/run/containerd/s/0a9e"
for _, file in ipairs { "/run/docker/runtime-other/file", "/run/docker/runtime-file" } do tiny.write_file(file, "") end
local function engine(words)
  local child <close> = check.start(function()
    local null = tiny.open("/dev/null", { read = true, write = true })
    for number = 0, 1 do tiny.dup2(null, number) end
    tiny.exec { file = "/proc/self/exe", "tinylua-oci", "--root", root, table.unpack(words) }
  end)
  return child:wait()
end
check.equal(engine { "run", "-d", "--bundle", bundle, "4f1d0c2e" }, 0)
local text = check.succeeds("explain", "4f1d")
for _, part in ipairs {
  "4f1d0c2e  running", "sleep 60", bundle .. "/rootfs", "config.json process.args", "/data", "config.json mounts[7]", "lua/tiny/oci/mounts.lua:", "of 50",
} do
  assert(text:find(part, 1, true), ("%s is not in: %s"):format(part, text))
end
local found = tiny.json_decode(check.succeeds("explain", "--format", "json", "4f1d0c2e"))
check.equal(found.id, "4f1d0c2e")
check.equal(found.bundle, bundle)
assert(check.succeeds("explain", "--html", "-", "4f1d0c2e"):find("<h2", 1, true))
local missing = check.run { "explain", "nothing-like-it" }
check.equal(missing.status, 125)
assert(missing.err:find('no such container: "nothing-like-it"', 1, true), missing.err)
-- A path in a container of an engine is refused.
assert(check.run({ "explain", "4f1d", "/data" }).err:find("explain: a file of an engine's container is not looked for", 1, true))
check.equal(engine { "delete", "--force", "4f1d0c2e" }, 0)
