-- The user's cgroup under which a container's own is created (--cgroup-parent). Missing cgroups are created, and removed
-- when the last container below them has ended; existing ones stay. A file lists the created directories, one per line; it
-- is written before they are created.
local values = require "tiny.spec.values"

local cgroup_parent = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

local function store()
  return require("tiny.store.state").roots() .. "/cgroups"
end

-- Checks and normalizes a path relative to the root of every mounted hierarchy.
function cgroup_parent.check(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == "." or part == ".." or part:find("%c") then
      values.wrong(("cgroup_parent: %s is not a cgroup path: it cannot contain %s"):format(tiny.show(path), tiny.show(part)))
    end
    table.insert(parts, part)
  end
  if #parts == 0 then
    values.wrong(("cgroup_parent: %s is the root of the hierarchy"):format(tiny.show(path)), "name a cgroup below it, such as web or /web/blue")
  end
  return table.concat(parts, "/")
end

-- The directories of the cgroup and of its ancestors, in every hierarchy, ancestors first.
local function folders(path)
  local all = {}
  for _, mount in ipairs(tiny.mounts()) do
    local folder = (mount.fstype == "cgroup" or mount.fstype == "cgroup2") and mount.target
    for part in folder and path:gmatch("[^/]+") or function() end do
      folder = folder .. "/" .. part
      table.insert(all, folder)
    end
  end
  return all
end

local function read()
  local list = {}
  for folder in (tiny.read_file(store() .. "/made") or ""):gmatch("[^\n]+") do table.insert(list, folder) end
  return list
end

local function write(list)
  if #list == 0 then return tiny.try(tiny.remove, store() .. "/made") end
  tiny.write_file(store() .. "/made", table.concat(list, "\n") .. "\n", { mode = PRIVATE_FILE })
end

-- Calls make(), after recording the parent's directories that it will create. A container's cgroup may exist in only some of
-- the hierarchies.
function cgroup_parent.with(path, make)
  tiny.mkdir(store(), { parents = true, mode = PRIVATE })
  local lock <close> = require("tiny.store.state").lock(store() .. "/lock")
  local list = read()
  for _, folder in ipairs(folders(path)) do
    if not tiny.stat(folder) then table.insert(list, folder) end
  end
  write(list)
  local _, err = tiny.try(make)
  local made = {}
  for _, folder in ipairs(list) do table.insert(made, tiny.stat(folder) and folder or nil) end
  write(made)
  if err then error(err, 0) end
end

-- Removes our directories that contain no cgroup any more.
function cgroup_parent.release()
  if not tiny.stat(store() .. "/made") then return end
  local lock <close> = require("tiny.store.state").lock(store() .. "/lock")
  local list, kept = read(), {}
  -- Descendants were written later.
  for i = #list, 1, -1 do
    local _, err = tiny.try(tiny.remove, list[i])
    if err and err.code ~= "ENOENT" then table.insert(kept, 1, list[i]) end
  end
  write(kept)
end

return cgroup_parent
