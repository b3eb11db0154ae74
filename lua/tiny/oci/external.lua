-- What of a container criu does not save, since it belongs to the host: bind mounts, namespaces by path and standard streams. Its names
-- are those of runc, so that each runtime can restore what the other has saved.
local external = {}

local NOTHING = {}

-- The most links in a path.
local MOST_LINKS = 40

external.DESCRIPTORS = "descriptors.json"

-- The names of namespaces that criu leaves out, and enters again.
external.NAMESPACES = { network = { "net", "extRootNetNS" }, pid = { "pid", "extRootPidNS" } }

-- The path that a mount point has below a root: its links are followed below it. "/run/x" for "/var/run/x".
function external.resolved(root, path)
  local done, links, todo = {}, 0, {}
  for part in path:gmatch "[^/]+" do table.insert(todo, part) end
  while todo[1] do
    local part = table.remove(todo, 1)
    if part == ".." then table.remove(done)
    elseif part ~= "." then
      local here = "/" .. table.concat(done, "/")
      local name = (here == "/" and "" or here) .. "/" .. part
      local there = tiny.stat(name, { root = root, follow = false })
      if there and there.kind == "link" and links < MOST_LINKS then
        links = links + 1
        local target, parts = tiny.readlink(name, { root = root }), {}
        if target:sub(1, 1) == "/" then done = {} end
        for inner in target:gmatch "[^/]+" do table.insert(parts, inner) end
        todo = table.move(todo, 1, #todo, #parts + 1, parts)
      else
        table.insert(done, part)
      end
    end
  end
  return "/" .. table.concat(done, "/")
end

-- The device nodes that may be bind mounts of the host's, in a user namespace.
local function nodes(config)
  local found = {}
  for _, device in ipairs(config.linux.devices or NOTHING) do table.insert(found, device.path) end
  for name in pairs(require("tiny.oci.devices").DEFAULT) do table.insert(found, "/dev/" .. name) end
  return found
end

-- The directories of the container's cgroup by their mount points, without a cgroup namespace: one for each hierarchy of cgroup v1, or
-- the only one of cgroup v2.
local function cgroups(target, group)
  local path, found, any = "/" .. group.path:gsub("^/+", ""), {}, false
  for controller, folder in pairs(group.folders) do
    local name = controller ~= "unified" and folder:sub(-#path) == path and folder:sub(1, -#path - 1):match "[^/]+$"
    if name then found[target .. "/" .. name], any = folder, true end
  end
  if not any and group.folders.unified then found[target] = group.folders.unified end
  return found
end

-- The external mounts of a configuration: calls each(mount point, source on the host).
--   root     the container's root, as a directory handle
--   group    its cgroup, if it has one
function external.mounts(ctx, root, group, each)
  local config = ctx.config
  for _, mount in ipairs(config.mounts) do
    local target = external.resolved(root, mount.target)
    if mount.parsed.bind and not mount.parsed.remount then
      each(target, mount.source:sub(1, 1) == "/" and mount.source or ctx.bundle .. "/" .. mount.source)
    elseif (mount.type == "cgroup" or mount.type == "cgroup2") and group and not config.spaces.cgroup then
      for point, folder in pairs(cgroups(target, group)) do each(point, folder) end
    end
  end
  for _, path in ipairs(nodes(config)) do each(path, path) end
end

return external
