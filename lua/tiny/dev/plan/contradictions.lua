-- Finds likely mistakes in a plan: a mount hidden by a later one, a limit whose controller this host lacks, a network option
-- without a network, a container that executes nothing. Returns a list of sentences.
local contradictions = {}

-- The controllers that limits need.
local NEEDS = { set_memory_limit = "memory", set_swap_limit = "memory", set_cpu_limit = "cpu", set_pids_limit = "pids" }
local OF_NETWORKS = { "dns", "dns_options", "dns_search", "net_rate", "net_delay", "net_loss", "ip", "ip6", "mac_address", "publish", "expose", "resolve" }

local function place_of(call)
  return (call.recipe_line or call.recipe or call.at or "?") .. ": "
end

local function covers(target, other)
  return target == other or target == "/" or other:sub(1, #target + 1) == target .. "/"
end

-- Whether a mount shows what an earlier one mounted, so that it is not lost.
local function uses(call, earlier)
  for _, place in ipairs(call.uses or {}) do
    if covers(earlier.target, place) then return true end
  end
  return false
end

local function shadows(calls, found)
  for i, later in ipairs(calls) do
    for n = 1, later.target and i - 1 or 0 do
      local earlier = calls[n]
      if earlier.target and earlier.lane == later.lane and covers(later.target, earlier.target) and not uses(later, earlier) and not earlier.hidden then
        earlier.hidden = true
        table.insert(found, ("%s%s(%s) hides what is mounted at %s before (%s)"):format(place_of(later), later.op, later.args, earlier.target,
          (place_of(earlier):gsub(": $", ""))))
      end
    end
  end
end

-- All contradictions. asked: the container's spec before it was checked; nil for a recipe that acts itself.
function contradictions.of(calls, host, asked)
  local found, executes, missing = {}, false, {}
  for _, call in ipairs(calls) do
    local controller = NEEDS[call.op]
    if controller and not host.cgroup.controllers[controller] and not missing[call.op] then
      missing[call.op] = true
      table.insert(found, ("%s%s: this host has no %s controller (tinylua doctor)"):format(place_of(call), call.op, controller))
    end
    executes = executes or (call.op == "exec" and call.lane ~= "host")
  end
  shadows(calls, found)
  if asked and (asked.network or "none") == "none" then
    for _, key in ipairs(OF_NETWORKS) do
      if asked[key] ~= nil then table.insert(found, ("%s: the container has no network"):format(key)) end
    end
  end
  if asked and not executes then table.insert(found, "no step executes a program") end
  return found
end

return contradictions
