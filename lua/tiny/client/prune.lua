-- Removes what is not in use: ended containers, networks, volumes, images. Each function calls told(name, bytes) for what it has removed,
-- and removes only that for whose labels and time of creation `chosen`, if given, is true; a failure is reported and does not stop the
-- others. They return the exit status, except that of containers.
local format = require "tiny.format"
local state = require "tiny.state"
local tree_size = require "tiny.base.tree_size"

local prune = {}

local ENDED = { exited = true, stopped = true, created = true }

-- The removal of one thing: its result, or nil if it failed or nothing was removed; and the exit status.
local function attempt(f, ...)
  local removed, err = tiny.try(f, ...)
  -- A new container uses it by now.
  if err and err.code == "EBUSY" then return nil, 0 end
  if err then format.error(err) end
  return removed, err and 1 or 0
end

local function fits(chosen, labels, created)
  return not chosen or chosen(labels, created)
end

-- Containers that do not run. sized: their size is told too.
function prune.containers(told, chosen, sized)
  for _, container in ipairs(state.list()) do
    local ended = ENDED[container.state.status] and not container.damage and fits(chosen, container.config.labels, container.config.created_at)
    -- Skipped if another command is starting or removing it.
    local now = ended and state.claim(container)
    local alive <close> = now and now.alive
    if now and now.config.mounts and require("tiny.cow.changes").any(now) then
      format.note("%s is kept: it has changes that are not applied", now.config.name)
      now = nil
    end
    local size = now and sized and tree_size(now.dir)
    local removed, err = tiny.try(function() return now and ENDED[now.state.status] and not now.damage and state.forget(now) end)
    if removed then told(now.id, size) elseif err then format.note("%s", tostring(err)) end
  end
end

-- Networks that no container uses or would use.
function prune.networks(told, chosen)
  local store, status = require "tiny.net.store", 0
  local wanted = require("tiny.client.network_users").wanted()
  for _, network in ipairs(store.list()) do
    if network.name ~= store.DEFAULT and not wanted[network.name] and fits(chosen, network.labels, network.created_at) then
      local removed, failed = attempt(require "tiny.client.network_remove", network.name)
      status = math.max(status, failed)
      if removed then told(removed) end
    end
  end
  return status
end

-- Volumes that no container uses; `all`: also named ones.
function prune.volumes(told, chosen, all)
  local store, status = require "tiny.store.volumes", 0
  local used, unknown = store.users(state.list { "name", "mounts" })
  if unknown then
    tiny.fail {
      message = ("it is unknown which volumes container %s uses: its record cannot be read"):format(unknown.id), exit = 125,
      hint = "remove it first: tinylua rm -f " .. unknown.id,
    }
  end
  for _, volume in ipairs(store.list()) do
    if not used[volume.name] and (all or volume.anonymous) and not volume.damage and fits(chosen, volume.labels, volume.created_at) then
      local size = tree_size(volume.path)
      local removed, failed = attempt(store.remove, volume.name)
      status = math.max(status, failed)
      if removed then told(volume.name, size) end
    end
  end
  return status
end

-- Names of images that are neither mounted nor of a container, by default only those that are no names; then what no image needs is deleted. Returns the
-- bytes that were freed.
function prune.images(told, chosen, all)
  local local_image, store = require "tiny.images.local_image", require "tiny.images.store"
  if store.exists() then
    local lock <close> = store.lock "shared"
    local users = local_image.users()
    for _, mount in ipairs(require("tiny.images.mounts").list()) do users[mount.manifest] = true end
    for _, image in ipairs((store.refs())) do
      local nameless = image.name:find "^<none>@" ~= nil
      local unused = (all or nameless) and not users[image.manifest]
      local config = unused and chosen and tiny.try(local_image.config, image)
      -- Without a configuration, its labels are unknown.
      local known = unused and (not chosen or config)
      if known and fits(chosen, config and config.defaults.labels, image.created) and store.remove_ref(image.name) then
        told(nameless and image.config or image.name)
      end
    end
  end
  local layers, bytes = require("tiny.images.gc").collect { wait = true }
  if not layers then tiny.fail { message = "the image store is not cleaned up: " .. bytes, exit = 1 } end
  return bytes
end

return prune
