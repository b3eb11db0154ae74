-- The NUMA memory policy of a container (linux.memoryPolicy, set_mempolicy(2)).
return function(asked)
  local flags = {}
  for i, flag in ipairs(asked.flags or {}) do flags[i] = flag:gsub("^MPOL_F_", ""):lower():gsub("_", "-") end
  tiny.set_memory_policy { mode = (asked.mode:gsub("^MPOL_", ""):lower():gsub("_", "-")), nodes = asked.nodes, flags = flags }
end
