-- The clean-up before a container leaves the store: releases what its supervisor created and did not undo.
local events = require "tiny.store.events"
local format = require "tiny.format"
local state = require "tiny.store.state"

local cleanup = {}

-- Undoes what the container's supervisor did not, because it was killed or a step failed; returns the failures, and the damaged
-- parts of the journal.
function cleanup.replay(container)
  local failures, damage = require("tiny.scope").replay(container.dir .. "/undo.jsonl")
  tiny.try(require("tiny.network").release)
  tiny.try(require("tiny.pipeline.cgroup_parent").release)
  return failures, damage
end

-- Removes every trace of a container. The journal must be replayed before it is removed, since nothing else records its
-- contents. Returns false if the container no longer existed. options: force (a damaged journal is reported and removed too),
-- volumes (its anonymous volumes are removed too, as always for a container that removes itself).
function cleanup.forget(container, options)
  local force, volumes = options and options.force, options and options.volumes or container.config.remove
  local failures, damage = {}, {}
  if tiny.try(tiny.stat, container.dir .. "/undo.jsonl") then failures, damage = cleanup.replay(container) end
  if damage[1] and force then
    for _, text in ipairs(damage) do format.note("%s: %s; what it lists may not be cleaned up", container.id, text) end
  else
    table.move(damage, 1, #damage, #failures + 1, failures)
  end
  -- The record goes last: it names the volumes.
  if volumes and container.config.mounts and not container.unreadable then
    local _, err = tiny.try(require("tiny.store.volumes").release, container)
    if err and force then format.note("%s: its anonymous volumes are not removed: %s", container.id, tostring(err))
    elseif err then table.insert(failures, tostring(err)) end
  end
  if #failures > 0 then
    tiny.fail {
      message = ("%s is not removed, its clean-up failed: %s"):format(container.id, table.concat(failures, "; ")),
      hint = damage[1] and "`tinylua rm -f` removes it anyway" or "tinylua gc tries again",
    }
  end
  local was_there = state.forget(container)
  if was_there then events.emit(container, "destroy") end
  return was_there
end

return cleanup
