-- The mount of the container's cgroups (a mount of type cgroup or cgroup2): the hierarchies of this host below one directory, each
-- as the container's cgroup namespace shows it, or its own cgroup only.

-- The mounted hierarchies of the host: a list of { name, source } of v1, and the directory of cgroup2.
local function hierarchies()
  local v1, unified = {}, nil
  for _, mount in ipairs(tiny.mounts()) do
    if mount.fstype == "cgroup" then
      table.insert(v1, { name = mount.target:match("[^/]+$"), target = mount.target, options = mount.super_options })
    elseif mount.fstype == "cgroup2" then unified = mount.target end
  end
  return v1, unified
end

-- The controllers among the options of a v1 hierarchy; nil for a named one.
local function controllers(options)
  local found = {}
  for word in options:gmatch("[^,]+") do
    if word:match("^name=") then return nil end
    if word ~= "rw" and word ~= "ro" and not word:find("=", 1, true) and word ~= "xattr" and word ~= "clone_children"
      and word ~= "noprefix" then
      table.insert(found, word)
    end
  end
  return found
end

-- The hierarchies in which the container has its own cgroup, as { name, folder }, in the order of their names; nil for cgroup2. It
-- asks nobody: a list of all mounts takes longer than mounting them.
local function own(group)
  local path, names, folders = "/" .. group.path:gsub("^/+", ""), {}, {}
  for controller, folder in pairs(group.folders) do
    local name = controller ~= "unified" and folder:sub(-#path) == path and folder:sub(1, -#path - 1):match("[^/]+$")
    if name and not folders[name] then table.insert(names, name) end
    if name then folders[name] = folder end
  end
  table.sort(names)
  local found = {}
  for i, name in ipairs(names) do found[i] = { name = name, folder = folders[name] } end
  return #found > 0 and found or nil
end

-- The directory of a cgroup in the hierarchy of a v1 controller, which may have several.
local function folder_of(cgroup, controller)
  for joined, folder in pairs(cgroup.folders) do
    for name in joined:gmatch "[^,]+" do
      if name == controller then return folder end
    end
  end
end

return function(ctx, mount, attributes)
  local mine = ctx.cgroup and not ctx.config.spaces.cgroup and own(ctx.cgroup)
  local v1, unified = mine, nil
  if not mine then v1, unified = hierarchies() end
  attributes.root, attributes.create, attributes.open = ctx.root, true, true
  if #v1 == 0 then
    if unified and ctx.config.spaces.cgroup then
      attributes.type = "cgroup2"
      local mounted, made = tiny.try(tiny.mount_filesystem, mount.target, attributes)
      local err = not mounted and made
      attributes.type = nil
      if mounted then return made end
      if not (ctx.in_userns and (err.code == "EPERM" or err.code == "EBUSY")) then error(err, 0) end
    end
    if not unified then tiny.fail("this host has no cgroup file system mounted") end
    local own = ctx.cgroup and not ctx.config.spaces.cgroup and ctx.cgroup.folders.unified or unified
    return select(2, tiny.mount_bind(own, mount.target, attributes))
  end
  local read_only = attributes.read_only
  local _, place = tiny.mount_tmpfs(mount.target, {
    root = ctx.root, create = true, open = true, nosuid = true, nodev = true, noexec = true, mode = tonumber("755", 8), size = "64k",
  })
  for _, one in ipairs(v1) do
    local names = not mine and controllers(one.options)
    local folder = one.folder or names and ctx.cgroup and folder_of(ctx.cgroup, names[1])
    local made
    if names and ctx.config.spaces.cgroup then
      made = tiny.try(tiny.mount_cgroup, one.name, { root = place, create = true, controllers = names, read_only = read_only })
    end
    if not made and folder then
      tiny.mount_bind(folder, one.name, { root = place, create = true, read_only = read_only, nosuid = true, nodev = true, noexec = true })
    end
  end
  if unified and ctx.config.spaces.cgroup then
    tiny.try(tiny.mount_cgroup, "unified", { root = place, create = true, read_only = read_only })
  end
  if read_only then tiny.mount_attributes(".", { root = place, read_only = true }) end
  return place
end
