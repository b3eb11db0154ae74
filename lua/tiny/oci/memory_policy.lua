-- The NUMA memory policy of a container (linux.memoryPolicy, set_mempolicy(2)).
local check = require "tiny.oci.check"

local policy = {}

policy.MODES = {
  MPOL_DEFAULT = "default", MPOL_PREFERRED = "preferred", MPOL_BIND = "bind", MPOL_INTERLEAVE = "interleave", MPOL_LOCAL = "local",
  MPOL_PREFERRED_MANY = "preferred-many", MPOL_WEIGHTED_INTERLEAVE = "weighted-interleave",
}
policy.FLAGS = { MPOL_F_NUMA_BALANCING = "numa-balancing", MPOL_F_RELATIVE_NODES = "relative-nodes", MPOL_F_STATIC_NODES = "static-nodes" }

local function named(known, value, where)
  if known[value] then return end
  check.wrong(where, ("%s is not one of %s"):format(tiny.show(value), table.concat(require "tiny.base.sorted_keys"(known), ", ")))
end

function policy.check(asked)
  named(policy.MODES, asked.mode, "linux.memoryPolicy.mode")
  for i, flag in ipairs(asked.flags or {}) do named(policy.FLAGS, flag, ("linux.memoryPolicy.flags[%d]"):format(i - 1)) end
  local nodes = asked.nodes or ""
  if nodes ~= "" and not nodes:match "^%d[%d,%-]*$" then
    check.wrong("linux.memoryPolicy.nodes", ("%s is not a list of nodes such as 0-1"):format(tiny.show(nodes)))
  end
end

-- Sets it for this process and its children.
function policy.set(asked)
  local flags = {}
  for i, flag in ipairs(asked.flags or {}) do flags[i] = policy.FLAGS[flag] end
  local nodes = asked.nodes ~= "" and asked.nodes or nil
  check.named("linux.memoryPolicy", tiny.set_memory_policy, { mode = policy.MODES[asked.mode], nodes = nodes, flags = flags })
end

return policy
