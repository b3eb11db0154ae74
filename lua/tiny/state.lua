-- Containers on record, for commands and recipes: what lost its supervisor is recovered when it is looked at. The files
-- themselves, and all that else is done with them, are tiny.store.state's, whose functions are here too.
local store = require "tiny.store.state"

local state = setmetatable({}, { __index = store })

local function recover(container)
  return require("tiny.supervisor.recovery").look_after(container)
end

-- Every container, oldest first. keys: of the config and the state only these are wanted, which is sooner done;
-- everything when nil.
function state.list(keys)
  return require("tiny.store.records").list(keys, recover)
end

-- Finds a container by its name, its id, or a unique beginning of its id.
function state.find(ref)
  return require("tiny.store.records").find(ref, recover)
end

-- The container once it is no longer being started, or after `patience` seconds; nil when that came to nothing.
function state.settled(container, patience)
  return store.settled(container, patience, recover)
end

-- The container once its program runs: before that it has not left the host's root yet.
function state.ready(container)
  return store.ready(container, recover)
end

-- Removes every trace of a container; false when it was gone already.
function state.forget(container)
  return require("tiny.supervisor.cleanup").forget(container)
end

return state
