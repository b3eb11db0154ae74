-- The cgroup of a rootless container: in the part of cgroup v2 that was delegated to the user (cgroups(7)). Without
-- delegation the container has no cgroup, unless a limit was requested: limits are never dropped silently.
local state = require "tiny.store.state"

local delegated = {}

delegated.HINT = "start in a delegated cgroup: systemd-run --user --scope -p Delegate=yes tinylua …; for all of a user's controllers, "
  .. "as root: `systemctl edit user@.service`, with Delegate=cpu cpuset io memory pids below [Service]"

local function mounted()
  for _, mount in ipairs(tiny.mounts()) do
    if mount.fstype == "cgroup2" then return mount.target end
  end
end

-- Whether this user may change a cgroup: its directory and the files that delegation includes.
local function ours(folder)
  for _, name in ipairs { "", "/cgroup.procs", "/cgroup.subtree_control" } do
    local s = tiny.stat(folder .. name)
    if not s or s.uid ~= tiny.getuid() then return false end
  end
  return true
end

-- The topmost delegated cgroup at or above this process's, as a path from the root, and its directory.
local function group()
  local top, groups = mounted(), tiny.try(tiny.cgroup_of)
  local path, found = groups and groups.unified, nil
  while top and path do
    path = path:gsub("/$", "")
    if ours(top .. path) then found = path end
    path = path:match("^(.*)/[^/]+$")
  end
  return found, found and top .. found
end

local function has(folder, controller)
  local text = tiny.read_file(folder .. "/cgroup.controllers") or ""
  return (" " .. text:gsub("%s+$", "") .. " "):find(" " .. controller .. " ", 1, true) ~= nil
end

-- A list of the controllers delegated to this user; nil without a delegated cgroup.
function delegated.controllers()
  local _, folder = group()
  if not folder then return nil end
  local list = {}
  for name in (tiny.read_file(folder .. "/cgroup.controllers") or ""):gmatch("%S+") do table.insert(list, name) end
  return list
end

-- Chooses the container's cgroup; returns false if it gets none. needed: the controllers of the requested limits.
function delegated.place(ctx, needed)
  if ctx.spec.cgroup_parent then return true end
  local path, folder = group()
  for _, controller in ipairs(needed) do
    if not path or not has(folder, controller) then
      tiny.fail {
        message = ("%s cannot be limited: no cgroup with that controller is delegated to your user"):format(controller),
        hint = delegated.HINT, exit = 125,
      }
    end
  end
  local kept = path and ("%s/tinylua/%s"):format(path, ctx.id):gsub("^/", "") or nil
  state.update(ctx.record, function(s) s.cgroup = kept end)
  return kept ~= nil
end

return delegated
