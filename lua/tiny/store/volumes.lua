-- The store of volumes: directories that outlive containers, below the store's folder.
--   volumes/NAME/volume.json   labels and time of creation
--   volumes/NAME/data          the content that containers see
--   volumes/NAME/lock          held while the volume gets its first content
--   volumes/NAME/copy          a first content that is being copied (tiny.pipeline.first_content)
--   volumes/NAME/copied        a complete first content, which is being moved to data
--   volumes/NAME/filled        empty: the volume has had its first content
--   volumes/NAME/heir.json     of an anonymous volume: the name of the container that is to take it over, and its target there
--   volumes/.NAME.new, .NAME.gone   being created or deleted; `gc` removes what a crash left of them
-- A volume appears and disappears by one rename. A container's record names its volumes before they are created, so a record
-- is always found before its volumes are missed.
local record_files = require "tiny.store.record_files"
local records = require "tiny.store.records"
local state = require "tiny.store.state"
local values = require "tiny.spec.values"

local volumes = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)
-- The mode of a new volume's directory.
volumes.MODE = tonumber("755", 8)

local function wrong(message, hint, code)
  tiny.fail { message = message, hint = hint, code = code, exit = 125 }
end

local function root() return (state.roots()) .. "/volumes" end

-- A volume's folder, or a path below it.
function volumes.folder(name, below)
  return root() .. "/" .. name .. (below and "/" .. below or "")
end

-- The directory with a volume's content.
function volumes.data(name) return volumes.folder(name, "data") end

-- The lock for creating and removing volumes.
function volumes.lock()
  tiny.mkdir(root(), { parents = true, mode = PRIVATE })
  return state.lock(root() .. "/.lock")
end

-- A volume from the object in its file: { name, labels, created_at, anonymous, path, damage }.
local function volume_of(name, file)
  local whole = record_files.whole(file, "created_at")
  local made = { name = name, driver = "local", path = volumes.data(name) }
  local labels = whole and whole.labels
  if whole and not record_files.too_new(whole) and (labels == nil or type(labels) == "table") then
    made.created_at, made.anonymous = whole.created_at, whole.anonymous == true or nil
    for key, value in pairs(labels or {}) do
      made.labels = made.labels or {}
      made.labels[tostring(key)] = tostring(value)
    end
  else
    made.damage = volumes.folder(name, "volume.json") .. " is damaged, or was written by a newer tinylua"
  end
  return made
end

-- The volume of this name, or nil.
function volumes.load(name)
  if not values.is_volume(name) or not tiny.stat(volumes.folder(name, "data")) then return nil end
  return volume_of(name, (tiny.json_decode(tiny.try(tiny.read_file, volumes.folder(name, "volume.json")) or "null")))
end

-- All volumes, by name.
function volumes.list()
  local all = {}
  for name, files in pairs(tiny.read_json_files(root(), { "volume.json" }) or {}) do
    if values.is_volume(name) then table.insert(all, volume_of(name, files["volume.json"])) end
  end
  table.sort(all, function(a, b) return a.name < b.name end)
  return all
end

-- The volume of this name; fails if there is none.
function volumes.find(name)
  local found = volumes.load(name)
  if found then return found end
  local names = {}
  for i, volume in ipairs(volumes.list()) do names[i] = volume.name end
  local near = tiny.did_you_mean(name, names)
  wrong(("no such volume: %s"):format(tiny.show(name)) .. (near and ("; did you mean %q?"):format(near) or ""), "`tinylua volume ls` lists them")
end

-- Creates a volume, unless it exists. The caller holds the lock.
local function create(name, options)
  if volumes.load(name) then return false end
  local new = ("%s/.%s.new"):format(root(), name)
  if tiny.stat(new) then state.remove_all(new) end
  tiny.mkdir(new, { mode = PRIVATE })
  tiny.mkdir(new .. "/data", { mode = volumes.MODE })
  local labels = options.labels and next(options.labels) and options.labels or nil
  local file = { version = record_files.VERSION, created_at = tiny.timestamp(), anonymous = options.anonymous, labels = labels }
  tiny.write_file(new .. "/volume.json", tiny.json_encode(file, { pretty = true }) .. "\n", { mode = PRIVATE_FILE, sync = true })
  local _, err = tiny.try(tiny.rename, new, volumes.folder(name), { exclusive = true })
  if err and err.code == "EEXIST" then
    wrong(("%s exists, and is no volume"):format(volumes.folder(name)), "move it away, or choose another name")
  elseif err then
    error(err, 0)
  end
  tiny.fsync(root())
  return true
end

-- Creates a volume; returns false if it exists, which then is left as it is. options: labels, anonymous.
function volumes.create(name, options)
  values.check_name(name)
  local lock <close> = volumes.lock()
  return create(name, options or {})
end

-- A name for a volume that is given none.
function volumes.new_name() return tiny.random_id(64) end

-- The mounts of volumes in a container's record or spec, which may be damaged.
local function of_volumes(mounts)
  local found = {}
  for _, mount in ipairs(type(mounts) == "table" and mounts or {}) do
    if type(mount) == "table" and mount.type == "volume" and values.is_volume(mount.source) then table.insert(found, mount) end
  end
  return found
end
volumes.of = of_volumes

-- Names the volumes of a spec that have no name, before it is recorded. earlier: the mounts of the container that it replaces, whose
-- anonymous volumes it takes over, by their targets.
function volumes.name_all(mounts, earlier)
  local known = {}
  for _, mount in ipairs(of_volumes(earlier)) do
    if mount.anonymous and mount.target then known[mount.target] = mount.source end
  end
  for _, mount in ipairs(mounts or {}) do
    if mount.type == "volume" and not mount.source then mount.source, mount.anonymous = known[mount.target] or volumes.new_name(), true end
  end
end

-- Creates the missing volumes of a new container, whose record names them.
function volumes.provide(mounts)
  local wanted = of_volumes(mounts)
  if #wanted == 0 then return end
  local lock <close> = volumes.lock()
  for _, mount in ipairs(wanted) do
    create(mount.source, { labels = mount.labels, anonymous = mount.anonymous })
    if mount.anonymous then tiny.try(tiny.remove, volumes.folder(mount.source, "heir.json")) end
  end
end

-- Notes, before a container is removed, that another one of this name is to take over its anonymous volumes: also if the command that
-- replaces it is killed in between.
function volumes.bequeath(mounts, name)
  for _, mount in ipairs(of_volumes(mounts)) do
    if mount.anonymous and volumes.load(mount.source) then
      local text = tiny.json_encode { version = record_files.VERSION, name = name, target = mount.target }
      tiny.write_file(volumes.folder(mount.source, "heir.json"), text, { mode = PRIVATE_FILE, sync = true })
    end
  end
end

-- The mounts that a new container of this name is to take over; nil if there are none.
function volumes.inherited(name)
  local found, used
  for source, files in pairs(tiny.read_json_files(root(), { "heir.json" }) or {}) do
    local heir = files["heir.json"]
    if values.is_volume(source) and type(heir) == "table" and heir.name == name and type(heir.target) == "string" then
      used = used or volumes.users()
      if not used[source] then
        found = found or {}
        table.insert(found, { type = "volume", source = source, target = heir.target, anonymous = true })
      end
    end
  end
  return found
end

-- By volume, the containers that mount it, running or not; and the first container whose record cannot be read, so that it
-- is unknown what it mounts. containers: the records, or nil to read them.
function volumes.users(containers)
  local used, unknown = {}, nil
  for _, container in ipairs(containers or records.list { "name", "mounts" }) do
    -- Before both of its files are written, a new container has no volumes.
    if container.unreadable and not container.half then unknown = unknown or container end
    for _, mount in ipairs(of_volumes(container.config.mounts)) do
      local list = used[mount.source] or {}
      used[mount.source] = list
      if list[#list] ~= container then table.insert(list, container) end
    end
  end
  return used, unknown
end

-- Takes a volume out of the store; the caller holds the lock. Returns the path that `delete` removes.
local function take_out(name)
  local gone = ("%s/.%s-%s.gone"):format(root(), name, tiny.random_id(8))
  tiny.rename(volumes.folder(name), gone)
  return gone
end

-- Deletes what is no longer in the store; `gc` tries again.
local function delete(path)
  local _, err = tiny.try(state.remove_all, path)
  if err and err.code ~= "ENOENT" then require("tiny.format").note("%s is not deleted yet; tinylua gc tries again: %s", path, tostring(err)) end
end

-- Removes a volume; returns false if there is none. For others it is gone at once. Fails with EBUSY if a container uses it.
function volumes.remove(name)
  local gone
  do
    local lock <close> = volumes.lock()
    local used, unknown = volumes.users()
    if not volumes.load(name) then return false end
    if used[name] then
      local names = {}
      for i, container in ipairs(used[name]) do names[i] = container.config.name end
      wrong(("volume %s is in use by %s"):format(name, table.concat(names, ", ")), "remove the containers first: tinylua rm " .. table.concat(names, " "), "EBUSY")
    end
    if unknown then
      wrong(("volume %s may be in use: the record of container %s cannot be read"):format(name, unknown.id), "remove that container first: tinylua rm -f " .. unknown.id)
    end
    gone = take_out(name)
  end
  delete(gone)
  return true
end

-- Removes the anonymous volumes of a container that is about to be removed, except those that other containers use.
function volumes.release(container)
  local own, gone = {}, {}
  for _, mount in ipairs(of_volumes(container.config.mounts)) do
    if mount.anonymous then table.insert(own, mount.source) end
  end
  if #own == 0 then return end
  do
    local lock <close> = volumes.lock()
    local used = volumes.users()
    for _, name in ipairs(own) do
      local others = false
      for _, user in ipairs(used[name] or {}) do others = others or user.id ~= container.id end
      if not others and volumes.load(name) then table.insert(gone, take_out(name)) end
    end
  end
  for _, path in ipairs(gone) do delete(path) end
end

-- Removes what interrupted commands left; returns what was removed.
function volumes.sweep()
  local cleared, gone = {}, {}
  if not tiny.stat(root()) then return cleared end
  do
    local lock <close> = volumes.lock()
    for _, name in ipairs(tiny.list_dir(root()) or {}) do
      if name:find("^%..*%.new$") or name:find("^%..*%.gone$") then
        table.insert(gone, root() .. "/" .. name)
      elseif values.is_volume(name) and tiny.stat(volumes.folder(name, "copy")) then
        -- Its copier may be at work: then it holds the lock.
        local copying <close> = tiny.flock(volumes.folder(name, "lock"), { wait = false })
        if copying then table.insert(gone, volumes.folder(name, "copy")) end
      end
    end
  end
  for _, path in ipairs(gone) do
    local _, err = tiny.try(state.remove_all, path)
    if not tiny.stat(path) then table.insert(cleared, "partly written or removed volume " .. path:sub(#root() + 2))
    -- Its remover may still be at work.
    elseif err and err.code ~= "ENOENT" and err.code ~= "ENOTEMPTY" then require("tiny.format").note("%s cannot be removed: %s", path, tostring(err)) end
  end
  return cleared
end

return volumes
