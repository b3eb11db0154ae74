-- Removes a container, which must be at rest, or with options.force is stopped first; with options.volumes, its anonymous volumes
-- too. Once it is found at rest, no other process can start it.
local state = require "tiny.state"
local unresponsive = require "tiny.client.unresponsive"

-- A container that cannot be stopped normally (its record is damaged, or the disk is full) is killed and removed.
local function by_force(container, why, volumes)
  unresponsive.kill(container)
  local alive <close> = state.try_alive(container)
  local process <close> = state.process(container)
  if process then
    tiny.try(tiny.kill, process, "SIGKILL")
    if #tiny.poll({ process }, unresponsive.PATIENCE) == 0 then error(why, 0) end
  end
  -- Another command may be using it.
  if not alive then error(why, 0) end
  if container.unreadable then unresponsive.kill_strays(container) end
  state.forget(container, { force = true, volumes = volumes })
end

-- Fails if changes in copy-on-write folders would be lost, or says that they are, if that is wanted.
local function check_changes(container, lose)
  if not container.config.mounts or container.unreadable or not require("tiny.cow.changes").any(container) then return end
  local name = container.config.name
  if lose then
    require("tiny.format").note("%s: its changes in copy-on-write folders are discarded", name)
    -- This also completes an interrupted `apply`, which would leave a temporary file on the host.
    local function discard() require("tiny.cow.changes").discard(container) end
    local rootless = require "tiny.base.rootless"
    return tiny.try(function() if rootless.is() then rootless.apart(discard) else discard() end end)
  end
  tiny.fail {
    message = name .. " has changes that are not applied", exit = 125,
    hint = ("`tinylua changes %s` lists them; apply or discard them, or use rm -f"):format(name),
  }
end

return function(container, options)
  local force, volumes = options and options.force, options and options.volumes
  local stopped = false
  if not force then state.check_usable(container) end
  while true do
    -- If the record cannot be read, it is unknown whether the container is about to end.
    local now, current = state.claim(container, force and (container.unreadable and 0 or unresponsive.PATIENCE))
    if now then
      local alive <close> = now.alive
      if not force then state.check_usable(now) end
      if now.unreadable then unresponsive.kill_strays(now) end
      check_changes(now, options and options.changes)
      state.forget(now, options)
      return
    end
    -- A container that removes itself at its end may no longer exist, as requested.
    if not current then return stopped or state.gone(container) end
    if not force then
      tiny.fail { message = ("%s is %s"):format(current.config.name, current.state.status), hint = "stop it first, or use rm -f" }
    end
    if state.busy(current) then
      local _, err = tiny.try(require "tiny.client.stop", current, 0, { quiet = true })
      if err then return by_force(current, err, volumes) end
      stopped = true
      -- If its supervisor was killed, the end may not be recorded.
      container = require("tiny.supervisor.recovery").look_after(state.load(container.id) or current) or container
      if container.damage then return by_force(container, container.damage, volumes) end
    else
      -- At rest, but its lock is held: its supervisor hangs in a callback of the end.
      unresponsive.kill(current)
    end
  end
end
