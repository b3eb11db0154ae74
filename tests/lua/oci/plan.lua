-- plan: shows the steps for a bundle in their order, with what a recipe changes, and does nothing.
local check = require "check"
local oci = require "oci_bundle"
require("web").own_etc()

local bundle = oci.bundle("true", function(config)
  config.annotations = { ["org.tinylua.recipe"] = "named" }
  config.hooks = { createRuntime = { { path = "/bin/touch", args = { "touch", "/tmp/hooked" } } } }
end)
tiny.mkdir("/etc/tinylua/oci", { parents = true, mode = tonumber("755", 8) })
tiny.write_file("/etc/tinylua/oci/named.lua", "return function(request) request.config.hostname = 'planned' end", { mode = tonumber("644", 8) })

local function cgroups() return table.concat(tiny.list_dir("/sys/fs/cgroup/pids") or tiny.list_dir("/sys/fs/cgroup"), " ") end
local before = cgroups()
local text = oci.succeeds({ "plan", "--bundle", bundle }).out
local last = 0
for _, part in ipairs {
  "cgroup%(", "clone%(", "in the child", "mount_propagation%(", 'mount_filesystem%("/proc"', 'sethostname%("planned"%)', "pivot_root%(", "set_caps%(",
  "no_new_privs%(", 'exec%({ "sh"',
} do
  local at = text:find(part, last + 1)
  assert(at, ("%s is not after the part before it in: %s"):format(part, text))
  last = at
end
assert(text:find("lua/tiny/oci/create.lua:%d+"), "a call has no line")
oci.nothing()
check.equal(cgroups(), before)
check.equal(tiny.stat "/tmp/hooked", nil)

local found = tiny.json_decode(oci.succeeds({ "plan", "--bundle", bundle, "--format", "json" }).out)
local steps = {}
for _, step in ipairs(found.steps) do steps[step.name] = true end
for _, name in ipairs { "cgroup", "namespaces", "rootfs", "mounts", "security", "exec" } do assert(steps[name], "no step " .. name) end
oci.write(bundle, { ociVersion = "1.3.0" })
oci.fails("root: it is missing", { "plan", "--bundle", bundle })
