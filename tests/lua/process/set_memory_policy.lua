-- set_memory_policy: the NUMA policy of the process that /proc shows, also in children.
local check = require "check"

local maps = tiny.read_file("/proc/self/numa_maps")
if not maps then
  check.fails("ENOSYS", tiny.set_memory_policy, { mode = "bind", nodes = "0" })
  check.skip("no NUMA")
end
-- The policies of all mappings without one of their own.
local function policy() return (tiny.read_file("/proc/self/numa_maps"):match("^%x+ (%S+)")) end

for _, case in ipairs {
  { { mode = "bind", nodes = "0" }, "bind:0" }, { { mode = "interleave", nodes = "0" }, "interleave:0" },
  { { mode = "preferred", nodes = "0" }, "prefer:0" }, { { mode = "local" }, "local" }, { { mode = "default" }, "default" },
  { { mode = "bind", nodes = "0", flags = { "static-nodes" } }, "bind=static:0" },
  { { mode = "interleave", nodes = "0", flags = { "relative-nodes" } }, "interleave=relative:0" },
} do
  check.inside({}, function()
    tiny.set_memory_policy { mode = "interleave", nodes = "0" }
    tiny.set_memory_policy(case[1])
    check.equal(policy(), case[2])
    check.inside({}, function() check.equal(policy(), case[2], "inherited") end)
  end)
end
-- Modes that older kernels lack (5.15, 6.9).
for mode, shown in pairs { ["preferred-many"] = "prefer (many):0", ["weighted-interleave"] = "weighted interleave:0" } do
  check.inside({}, function()
    local _, err = tiny.try(tiny.set_memory_policy, { mode = mode, nodes = "0" })
    if err then return check.equal(err.code, "EINVAL") end
    local found = tiny.read_file("/proc/self/numa_maps"):match("^%x+ ([%a %(%)]+:%d+)")
    check.equal(found, shown)
  end)
end

check.fails("EINVAL", tiny.set_memory_policy, { mode = "bind" })
check.fails("EINVAL", tiny.set_memory_policy, { mode = "bind", nodes = "900" })
check.fails("EINVAL", tiny.set_memory_policy, { mode = "default", nodes = "0" })
check.fails("EINVAL", tiny.set_memory_policy, { mode = "bind", nodes = "0", flags = { "static-nodes", "relative-nodes" } })
check.refuses([[option "nodes": "0-" is not a number or a range such as "0-3"]], tiny.set_memory_policy, { mode = "bind", nodes = "0-" })
check.refuses([[option "mode": "binds" is not one of "default"|"preferred"|"bind"|"interleave"|"local"|"preferred-many"|"weighted-interleave"; did you mean "bind"?]],
  tiny.set_memory_policy, { mode = "binds" })
