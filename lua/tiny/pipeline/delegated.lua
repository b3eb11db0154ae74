-- Where an ordinary user's containers get a control group: in the part of cgroup v2 that was delegated
-- to the user (cgroups(7)). Without one a container goes without, unless a limit was asked for: that is
-- never dropped.
local state = require "tiny.store.state"

local delegated = {}

delegated.HINT = "start in a delegated group: systemd-run --user --scope -p Delegate=yes tinylua …; for all of a user's controllers, "
  .. "as root: `systemctl edit user@.service`, with Delegate=cpu cpuset io memory pids below [Service]"

local function mounted()
  for _, mount in ipairs(tiny.mounts()) do
    if mount.fstype == "cgroup2" then return mount.target end
  end
end

-- Whether a group is this user's to change: its folder and the files that delegation is made of.
local function ours(folder)
  for _, name in ipairs { "", "/cgroup.procs", "/cgroup.subtree_control" } do
    local s = tiny.stat(folder .. name)
    if not s or s.uid ~= tiny.getuid() then return false end
  end
  return true
end

-- The topmost group above this process, or its own, that is the user's, as a path from the top; its folder.
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

-- The controllers that are delegated to this user, a list; nil without a group of its own.
function delegated.controllers()
  local _, folder = group()
  if not folder then return nil end
  local list = {}
  for name in (tiny.read_file(folder .. "/cgroup.controllers") or ""):gmatch("%S+") do table.insert(list, name) end
  return list
end

-- Says where the container's group is to be; false where it goes without. needed: the controllers of the
-- limits that were asked for.
function delegated.place(ctx, needed)
  if ctx.spec.cgroup_parent then return true end
  local path, folder = group()
  for _, controller in ipairs(needed) do
    if not path or not has(folder, controller) then
      tiny.fail {
        message = ("%s cannot be limited: no control group with that controller is delegated to you"):format(controller),
        hint = delegated.HINT, exit = 125,
      }
    end
  end
  local kept = path and ("%s/tinylua/%s"):format(path, ctx.id):gsub("^/", "") or nil
  state.update(ctx.record, function(s) s.cgroup = kept end)
  return kept ~= nil
end

return delegated
