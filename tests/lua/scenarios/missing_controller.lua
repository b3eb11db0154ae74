-- run -m on a host without the memory controller: the error names it, and nothing is left.
local check = require "check"

local mode = tiny.probe().cgroup
if mode.controllers.memory ~= "v1" then check.skip("the memory controller is not on a v1 hierarchy of its own") end
for _, mount in ipairs(tiny.mounts()) do
  if mount.fstype == "cgroup" and mount.super_options:find("memory") then tiny.umount(mount.target, { detach = true }) end
end
local result = check.run { "run", "--rm", "-m", "64m", "true" }
check.equal(result.status, 125)
assert(result.err:match("step cgroup: .*ENODEV.*memory"), result.err)
assert(result.err:match("\n  hint: .*tinylua doctor"), result.err)
check.no_container()
