-- User namespaces of a configuration.
local userns = {}

local function entries(maps)
  local found = {}
  for i, map in ipairs(maps) do found[i] = { map.containerID, map.hostID, map.size } end
  return found
end

-- A user namespace with these mappings, as a handle.
function userns.of_maps(uids, gids)
  return tiny.userns { uid_map = entries(uids), gid_map = entries(gids or uids) }
end

userns.inside = require("tiny.base.rootless").in_userns

-- Whether a group is mapped in the namespace in which the container's first process is.
function userns.has_group(gid)
  for line in (tiny.read_file("/proc/self/gid_map") or ""):gmatch("[^\n]+") do
    local first, _, count = line:match("^%s*(%d+)%s+(%d+)%s+(%d+)")
    if first and gid >= tonumber(first) and gid < tonumber(first) + tonumber(count) then return true end
  end
  return false
end

return userns
