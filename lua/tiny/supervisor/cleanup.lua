-- What is cleared before a container leaves the store: what its supervisor made and did not undo.
local events = require "tiny.store.events"
local state = require "tiny.store.state"

local cleanup = {}

-- Undoes what the container's supervisor could not, because it was killed or a step of it failed; returns what could
-- not be undone.
function cleanup.replay(container)
  local failures = require("tiny.scope").replay(container.dir .. "/undo.jsonl")
  tiny.try(require("tiny.network").release)
  tiny.try(require("tiny.pipeline.cgroup_parent").release)
  return failures
end

-- Removes every trace of a container. Its journal must not go before it is replayed: nobody would know of what is in it
-- any more. `unborn`: nobody was told that it was made. Returns false when it was gone already.
function cleanup.forget(container, unborn)
  local failures = tiny.stat(container.dir .. "/undo.jsonl") and cleanup.replay(container) or {}
  if #failures > 0 then
    tiny.fail { message = ("%s stays on record, it cannot be cleared: %s"):format(container.id, table.concat(failures, "; ")), hint = "tinylua gc tries again" }
  end
  local was_there = state.forget(container)
  if was_there and not unborn then events.emit(container, "destroy") end
  return was_there
end

return cleanup
