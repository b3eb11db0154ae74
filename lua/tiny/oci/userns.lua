-- User namespaces of a configuration.
local check = require "tiny.oci.check"

local userns = {}

local NOTHING = {}

-- One more than the highest id.
local IDS = 1 << 32

-- Checks a list of id maps; `where` begins the names in errors.
function userns.check_maps(list, where)
  for i, map in ipairs(list or NOTHING) do
    local at = ("%s[%d]"):format(where, i - 1)
    for _, name in ipairs { "containerID", "hostID" } do check.range(map[name], 0, IDS - 2, ("%s.%s"):format(at, name)) end
    check.range(map.size, 1, IDS - 1, at .. ".size")
  end
end

local function check_id(id, maps, where, name)
  for _, map in ipairs(maps) do
    if id >= map.containerID and id < map.containerID + map.size then return end
  end
  check.wrong(where, ("%d is not mapped: linux.%s has no such id of the container"):format(id, name))
end

-- Checks the maps of a new user namespace, and that the process has ids in them.
function userns.check(config)
  local linux, user = config.linux, (config.process or NOTHING).user or NOTHING
  userns.check_maps(linux.uidMappings, "linux.uidMappings")
  userns.check_maps(linux.gidMappings, "linux.gidMappings")
  local space = config.spaces.user
  if not space or space.path then return end
  local gids = linux.gidMappings and #linux.gidMappings > 0 and linux.gidMappings
  if not gids then check.wrong("linux.gidMappings", "a new user namespace needs id mappings") end
  if not config.process then return end
  check_id(user.uid or 0, linux.uidMappings, "process.user.uid", "uidMappings")
  check_id(user.gid or 0, gids, "process.user.gid", "gidMappings")
  for i, gid in ipairs(user.additionalGids or NOTHING) do
    check_id(gid, gids, ("process.user.additionalGids[%d]"):format(i - 1), "gidMappings")
  end
end

local function entries(maps)
  local found = {}
  for i, map in ipairs(maps) do found[i] = { map.containerID, map.hostID, map.size } end
  return found
end

-- A user namespace with these mappings, as a handle.
function userns.of_maps(uids, gids)
  return tiny.userns { uid_map = entries(uids), gid_map = entries(gids) }
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
