-- The recorded containers, for commands and recipes. A container that lost its supervisor is recovered when a command reads it.
-- The files are read and written by tiny.store.state, whose functions are available here too.
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

-- Every container, oldest first. keys: the keys of config and state that the caller needs, which is faster; nil for all. Reports
-- damaged containers.
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

-- Fails if the record cannot be read: it is unknown how the container is confined. Other damage is reported.
function state.check_usable(container)
  if not container.unreadable then return state.report(container) end
  tiny.fail { message = container.damage, hint = ("`tinylua rm -f %s` ends and removes it"):format(container.id), exit = 125 }
end

-- Seconds that a supervisor has to record an end that has happened.
local RECORDING = 2

-- The container; if its process has just ended, once that is recorded.
local function recorded(container)
  if container.state.status ~= "running" then return container end
  local process <close> = store.process(container)
  if process and #tiny.poll({ process }, 0) == 0 then return container end
  local last = tiny.clock("monotonic") + RECORDING
  while container and container.state.status == "running" and tiny.clock("monotonic") < last do
    local watch <close> = tiny.try(tiny.watch, { container.dir })
    container = store.load(container.id)
    if watch and container and container.state.status == "running" then tiny.poll({ watch }, math.max(0, last - tiny.clock("monotonic"))) end
  end
  return container
end

-- Like `find_any`, but refuses a container whose record cannot be read, and waits until the end of one that has just ended is
-- recorded.
function state.find(ref)
  local container = state.find_any(ref)
  state.check_usable(container)
  return recorded(container) or store.gone(container)
end

-- The container once it is no longer being started, or after `patience` seconds; nil if the start failed.
function state.settled(container, patience)
  return store.settled(container, patience, recover)
end

-- The container once its program runs; before that, it has not left the host's root yet.
function state.ready(container)
  return store.ready(container, recover)
end

-- Removes every trace of a container; false if it no longer existed. options: force (even if its journal is damaged), volumes
-- (with its anonymous volumes).
function state.forget(container, options)
  return require("tiny.supervisor.cleanup").forget(container, options)
end

return state
