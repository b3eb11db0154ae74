-- What is cleared before a container leaves the store: what its supervisor made and did not undo.
local events = require "tiny.store.events"
local format = require "tiny.format"
local state = require "tiny.store.state"

local cleanup = {}

-- Undoes what the container's supervisor could not, because it was killed or a step of it failed; returns what could
-- not be undone, and what of the journal could not be read.
function cleanup.replay(container)
  local failures, damage = require("tiny.scope").replay(container.dir .. "/undo.jsonl")
  tiny.try(require("tiny.network").release)
  tiny.try(require("tiny.pipeline.cgroup_parent").release)
  return failures, damage
end

-- Removes every trace of a container. Its journal must not go before it is replayed: nobody would know of what is in it
-- any more. `force`: a journal that is damaged is reported, and removed too. Returns false when it was gone already.
function cleanup.forget(container, force)
  local failures, damage = {}, {}
  if tiny.try(tiny.stat, container.dir .. "/undo.jsonl") then failures, damage = cleanup.replay(container) end
  if damage[1] and force then
    for _, text in ipairs(damage) do format.note("%s: %s; what it would have undone may be left", container.id, text) end
  else
    table.move(damage, 1, #damage, #failures + 1, failures)
  end
  if #failures > 0 then
    tiny.fail {
      message = ("%s stays on record, it cannot be cleared: %s"):format(container.id, table.concat(failures, "; ")),
      hint = damage[1] and "`tinylua rm -f` removes it all the same" or "tinylua gc tries again",
    }
  end
  local was_there = state.forget(container)
  if was_there then events.emit(container, "destroy") end
  return was_there
end

return cleanup
