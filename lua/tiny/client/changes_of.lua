-- What the commands `changes`, `apply` and `discard` do with a container that has copy-on-write folders.
local folders = require "tiny.cow.folders"
local rootless = require "tiny.base.rootless"
local state = require "tiny.state"

local changes_of = {}

-- The container with this name; fails if it has no such folder.
function changes_of.find(name)
  local container = state.find(name)
  if folders.any(container.config.mounts) then return container end
  tiny.fail {
    message = ("%s has no copy-on-write folder"):format(container.config.name), exit = 125,
    hint = "start it with --cow DIR; `tinylua diff` shows the changes of its root",
  }
end

-- Calls f with the access of the container's root to its files.
function changes_of.with_access(f)
  if rootless.is() then rootless.apart(f) else f() end
end

-- Calls f while the container is at rest and cannot start. An overlay must not be changed below its mount.
function changes_of.at_rest(container, f)
  local now, current = state.claim(container, 10)
  if not now and not current then state.gone(container) end
  if not now then
    tiny.fail { message = ("%s is %s"):format(current.config.name, current.state.status), hint = "stop it first: tinylua stop " .. current.config.name, exit = 125 }
  end
  local alive <close> = now.alive
  if now.unreadable then tiny.fail(now.damage) end
  changes_of.with_access(function() f(now) end)
end

return changes_of
