-- The container's cgroup (linux.cgroupsPath, linux.resources).
local resources = require "tiny.oci.resources"
local systemd = require "tiny.oci.systemd"

local cgroup = {}

-- Where a container without a path of its own is.
local PARENT = "tinylua-oci"

-- The errors of a host, or of a user, without writable cgroups.
local WITHOUT = { EROFS = true, ENODEV = true, ENOENT = true, EACCES = true, EPERM = true }

local function clean(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." then tiny.fail { message = ("linux.cgroupsPath: %s contains .."):format(tiny.show(path)) } end
    if part ~= "." then table.insert(parts, part) end
  end
  return table.concat(parts, "/")
end

-- The path of the container's cgroup, relative to each hierarchy; nil if it is to have none.
function cgroup.path(config, id)
  local asked = config.linux.cgroupsPath
  if tiny.settings.cgroup_manager == "disabled" then return nil end
  if not asked or asked == "" then return PARENT .. "/" .. id end
  return clean(asked)
end

-- The controllers that this host has, so that engines find the container, and its usage, in each of them.
local function hosts()
  local found = {}
  for name in pairs(tiny.cgroup_of()) do
    if name ~= "unified" and not name:find("=", 1, true) then table.insert(found, name) end
  end
  if #found == 0 then
    local top = tiny.read_file "/sys/fs/cgroup/cgroup.controllers" or ""
    for name in top:gmatch "%S+" do table.insert(found, name) end
  end
  table.sort(found)
  return found
end

local function lenient(ctx)
  local asked = tiny.settings.rootless
  if asked == "true" then return true end
  return asked ~= "false" and (ctx.in_userns or tiny.getuid() ~= 0)
end

-- The limits that may be set here.
local function settable(ctx)
  local asked = ctx.config.linux.resources or {}
  if not ctx.in_userns then return asked end
  local limits = {}
  for key, value in pairs(asked) do limits[key] = key ~= "devices" and value or nil end
  return limits
end

-- What a container may own of its cgroup, on a kernel that does not list it (cgroups(7), "Cgroups v2 delegation").
local DELEGATED = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads"

-- Whether the configuration mounts the cgroup writable.
local function mounted_writable(config)
  for _, mount in ipairs(config.mounts) do
    if mount.source == "cgroup" and mount.target == "/sys/fs/cgroup" then return not mount.parsed.attributes.read_only end
  end
  return false
end

-- The id of the container as this process sees it; nil if it is not known.
local function outside(config, id, maps)
  if not config.spaces.user then return id end
  for _, map in ipairs(maps or {}) do
    if id >= map.containerID and id < map.containerID + map.size then return map.hostID + id - map.containerID end
  end
end

-- Gives the cgroup to the container's user, who may then divide it but not change its limits (config-linux.md, "Cgroup ownership"). Not
-- on v1, where that is not secure.
local function give(ctx)
  local folders, space, config = ctx.cgroup.folders, ctx.config.spaces.cgroup, ctx.config
  local folder = folders.unified
  if not folder or next(folders, next(folders)) or not space or space.path or not mounted_writable(config) then return end
  local user = (config.process or {}).user or {}
  local uid = outside(config, user.uid or 0, config.linux.uidMappings)
  -- A user namespace has power over files only if it has their group too; the group may not write.
  local gid = config.spaces.user and outside(config, user.gid or 0, config.linux.gidMappings) or tiny.getgid()
  if not uid or not gid or uid == tiny.getuid() then return end
  local function own(path)
    local _, err = tiny.try(tiny.chown, path, { uid = uid, gid = gid })
    if err and err.code ~= "ENOENT" and not (err.code == "EPERM" and lenient(ctx)) then error(err, 0) end
  end
  own(folder)
  for name in (tiny.read_file "/sys/kernel/cgroup/delegate" or DELEGATED):gmatch "[%w_.]+" do own(folder .. "/" .. name) end
end

-- Whether a process would be frozen in it from its birth on.
local function frozen(group)
  if group.folders.unified and (tiny.try(tiny.cgroup_read, group, "cgroup.freeze") or ""):match "^1" then return true end
  return (tiny.try(tiny.cgroup_read, group, "freezer.state") or ""):match "^FR" ~= nil
end

-- Creates it with its limits, before the first process is created in it. systemd creates it for a process: see cgroup.adopt.
function cgroup.create(ctx)
  if tiny.settings.cgroup_manager ~= "disabled" and systemd.asked() then
    if not ctx.planned then ctx.unit = systemd.prepare(ctx.config, ctx.id, ctx.in_userns or tiny.getuid() ~= 0) end
    return
  end
  local path, asked = cgroup.path(ctx.config, ctx.id), ctx.config.linux.resources or {}
  if not path or path == "" then return end
  local there, wrong = tiny.try(tiny.open_cgroup, path)
  if wrong and wrong.usage then tiny.fail { message = "linux.cgroupsPath: " .. wrong.message } end
  if there then
    local busy = tiny.try(tiny.cgroup_stats, path)
    if busy and busy.populated then
      tiny.fail { message = ("linux.cgroupsPath: the cgroup %s has processes already"):format(tiny.show(path)) }
    end
    if frozen(there) then tiny.fail { message = ("linux.cgroupsPath: the cgroup %s is frozen"):format(tiny.show(path)) } end
  end
  ctx.scope:undo("cgroup_del", path, { kill = true })
  local made, err = tiny.try(tiny.cgroup, path, { controllers = hosts() })
  -- In a container, and below a cgroup of an unprivileged user, not all controllers can be enabled; each limit enables its own.
  if not made then made, err = tiny.try(tiny.cgroup, path) end
  if not made then
    if not lenient(ctx) or not WITHOUT[err.code] then error(err, 0) end
    -- An unprivileged user's engine asks for limits only if the user may set them.
    local field = tiny.settings.rootless ~= "true" and resources.wanted(asked)
    if not field then return end
    tiny.fail {
      message = ("%s: this user has no cgroup that could have the limit: %s"):format(field, err.message),
      hint = "--rootless=true runs the container without limits",
    }
  end
  ctx.cgroup, ctx.record.cgroup = made:keep(), path
  resources.apply(made, settable(ctx))
  if not ctx.planned then give(ctx) end
end

-- Lets systemd create it for the first process, which waits. Without its process, the unit ends by itself.
function cgroup.adopt(ctx)
  local unit, pid = ctx.unit, ctx.child.pid
  systemd.start(unit, ctx.config, ctx.id, pid)
  -- Only now: what fails before must not stop another's unit of this name.
  ctx.record.unit = { name = unit.name, user = unit.user }
  local path = systemd.group(unit)
  ctx.scope:undo("cgroup_del", path, { kill = true })
  ctx.record.cgroup = path
  ctx.cgroup = tiny.open_cgroup(path)
  if unit.name:match "%.slice$" then tiny.cgroup_attach(ctx.cgroup, ctx.child) end
  resources.apply(ctx.cgroup, settable(ctx))
  give(ctx)
end

-- The cgroup of a running container; nil if it has none.
function cgroup.of(one)
  return one.record.cgroup and tiny.try(tiny.open_cgroup, one.record.cgroup) or nil
end

-- The cgroup of a container for a command that cannot do without.
function cgroup.needed(one)
  return cgroup.of(one) or tiny.fail { message = ("container %s has no cgroup"):format(tiny.show(one.id)) }
end

-- Adds the pids in a directory of a hierarchy, and in those below it, which the container may have created.
local function add_pids(pids, folder)
  local text = tiny.read_file(folder .. "/cgroup.procs")
  for pid in (text or ""):gmatch("%d+") do table.insert(pids, math.tointeger(tonumber(pid))) end
  for _, name in ipairs(tiny.list_dir(folder) or {}) do
    local path = folder .. "/" .. name
    if (tiny.stat(path, { follow = false }) or {}).kind == "dir" then tiny.try(add_pids, pids, path) end
  end
end

-- The pids of all processes of a container, as this process sees them.
function cgroup.pids(group)
  local pids, folders = {}, group.folders
  local _, any = next(folders)
  local folder = folders.pids or folders.memory or folders.unified or any
  if folder then tiny.try(add_pids, pids, folder) end
  table.sort(pids)
  return pids
end

return cgroup
