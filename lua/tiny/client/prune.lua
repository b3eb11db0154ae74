-- Removes what is not in use: ended containers, networks, volumes. Each function calls told(name, bytes) for what it has removed;
-- a failure is reported and does not stop the others. Those of networks and volumes return the exit status.
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

-- Containers that do not run. sized: their size is told too.
function prune.containers(told, sized)
  for _, container in ipairs(state.list()) do
    -- Skipped if another command is starting or removing it.
    local now = ENDED[container.state.status] and not container.damage and state.claim(container)
    local alive <close> = now and now.alive
    local size = now and sized and tree_size(now.dir)
    local removed, err = tiny.try(function() return now and ENDED[now.state.status] and not now.damage and state.forget(now) end)
    if removed then told(now.id, size) elseif err then format.note("%s", tostring(err)) end
  end
end

-- Networks that no container uses or would use.
function prune.networks(told)
  local store, status = require "tiny.net.store", 0
  local wanted = require("tiny.client.network_users").wanted()
  for _, network in ipairs(store.list()) do
    if network.name ~= store.DEFAULT and not wanted[network.name] then
      local removed, failed = attempt(require "tiny.client.network_remove", network.name)
      status = math.max(status, failed)
      if removed then told(removed) end
    end
  end
  return status
end

-- Volumes that no container uses and for which chosen(volume) is true; `all`: also named ones.
function prune.volumes(told, all, chosen)
  local store, status = require "tiny.store.volumes", 0
  local used, unknown = store.users(state.list { "name", "mounts" })
  if unknown then
    tiny.fail {
      message = ("it is unknown which volumes container %s uses: its record cannot be read"):format(unknown.id), exit = 125,
      hint = "remove it first: tinylua rm -f " .. unknown.id,
    }
  end
  for _, volume in ipairs(store.list()) do
    if not used[volume.name] and (all or volume.anonymous) and not volume.damage and (not chosen or chosen(volume)) then
      local size = tree_size(volume.path)
      local removed, failed = attempt(store.remove, volume.name)
      status = math.max(status, failed)
      if removed then told(volume.name, size) end
    end
  end
  return status
end

return prune
