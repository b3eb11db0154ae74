-- The cgroup of the user's under which a container's own is made. What is missing of it is made, and
-- removed when the last container below it has ended; what was there stays. Which folders are ours
-- stands in a file, one a line, before they are made.
local values = require "tiny.spec.values"

local cgroup_parent = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

local function store()
  return require("tiny.store.state").roots() .. "/cgroups"
end

-- A path from the top of every hierarchy as it is mounted here, in its plain form.
function cgroup_parent.check(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == "." or part == ".." or part:find("%c") then
      values.wrong(("cgroup_parent: %s is not a cgroup's path: %s cannot be a part of it"):format(tiny.show(path), tiny.show(part)))
    end
    table.insert(parts, part)
  end
  if #parts == 0 then
    values.wrong(("cgroup_parent: %s is the top of the hierarchy"):format(tiny.show(path)), "name a group below it, such as web or /web/blue")
  end
  return table.concat(parts, "/")
end

-- The folders of the group and of those above it, in every hierarchy, the upper ones first.
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

-- Calls make(), with the folders on record that it makes of the parent. A container's group may be in
-- some of the hierarchies only.
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

-- Removes what is ours and holds no group any more.
function cgroup_parent.release()
  if not tiny.stat(store() .. "/made") then return end
  local lock <close> = require("tiny.store.state").lock(store() .. "/lock")
  local list, kept = read(), {}
  -- The lower ones were written later.
  for i = #list, 1, -1 do
    local _, err = tiny.try(tiny.remove, list[i])
    if err and err.code ~= "ENOENT" then table.insert(kept, 1, list[i]) end
  end
  write(kept)
end

return cgroup_parent
