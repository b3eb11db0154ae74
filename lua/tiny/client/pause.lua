-- Pauses and resumes a container, and records it.
local events = require "tiny.store.events"
local state = require "tiny.state"
local with_cgroup = require "tiny.client.cgroup"

local pause = {}

local function change(container, frozen, again)
  with_cgroup(container, function(cgroup)
    if not again and tiny.cgroup_stats(cgroup).frozen == frozen then
      tiny.fail { message = ("%s is %s paused"):format(container.config.name, frozen and "already" or "not") }
    end
    if frozen then tiny.cgroup_freeze(cgroup) else tiny.cgroup_thaw(cgroup) end
  end)
  state.update(container, function(s) s.paused = s.status == "running" and frozen or nil end)
  events.emit(container, frozen and "pause" or "unpause")
end

function pause.pause(container) change(container, true) end

-- `killed`: it has been sent a signal that ends it, and may no longer be frozen, or exist.
function pause.resume(container, killed)
  if not killed then return change(container, false) end
  tiny.try(change, container, false, true)
end

return pause
