-- Containers on record, for commands and recipes: what lost its supervisor is recovered when it is looked at. The files
-- themselves, and all that else is done with them, are tiny.store.state's, whose functions are here too.
local store = require "tiny.store.state"

local state = setmetatable({}, { __index = store })

local function recover(container)
  return require("tiny.supervisor.recovery").look_after(container)
end

-- Containers whose damage this process has reported.
local reported = {}

-- Reports what is wrong with a container, once in a command.
function state.report(container)
  if not container.damage or reported[container.id] then return end
  reported[container.id] = true
  require("tiny.format").note("%s: %s", container.id, container.damage)
end

-- Every container, oldest first. keys: of the config and the state only these are wanted, which is sooner done;
-- everything when nil. What is wrong with a damaged one is reported.
function state.list(keys)
  local all = require("tiny.store.records").list(keys, recover)
  for _, container in ipairs(all) do
    if container.damage then state.report(container) end
  end
  return all
end

-- Finds a container by its name, its id, or a unique beginning of its id, also one whose record cannot be read.
function state.find_any(ref)
  return require("tiny.store.records").find(ref, recover)
end

-- Fails for a container whose record cannot be read: nobody knows how it is confined. Other damage is reported.
function state.check_usable(container)
  if not container.unreadable then return state.report(container) end
  tiny.fail { message = container.damage, hint = ("`tinylua rm -f %s` ends and removes it"):format(container.id), exit = 125 }
end

-- As `find_any`; one whose record cannot be read is refused.
function state.find(ref)
  local container = state.find_any(ref)
  state.check_usable(container)
  return container
end

-- The container once it is no longer being started, or after `patience` seconds; nil when that came to nothing.
function state.settled(container, patience)
  return store.settled(container, patience, recover)
end

-- The container once its program runs: before that it has not left the host's root yet.
function state.ready(container)
  return store.ready(container, recover)
end

-- Removes every trace of a container; false when it was gone already. `force`: even where its journal is damaged.
function state.forget(container, force)
  return require("tiny.supervisor.cleanup").forget(container, force)
end

return state
