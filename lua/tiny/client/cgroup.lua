-- The cgroup of a running container, for commands that act on it.
local limits = require "tiny.pipeline.limits"

-- Calls f with the cgroup of a container that must be running; waits for a container that is being started.
return function(container, f, ...)
  container = require("tiny.state").ready(container)
  local name = container.config.name
  if container.state.status ~= "running" then
    tiny.fail { message = name .. " is not running", hint = "`tinylua ps` lists running containers" }
  end
  local _, err = tiny.try(function(...) f(tiny.open_cgroup(limits.path(container)), ...) end, ...)
  if err and err.code == "ENOENT" and container.config.userns == "own" and not container.state.cgroup then
    tiny.fail { message = name .. " has no cgroup, since none is delegated to you", hint = require("tiny.pipeline.delegated").HINT }
  end
  local process <close> = err and (err.code == "ENOENT" or err.code == "ENODEV") and require("tiny.state").process(container) or nil
  if process and #tiny.poll({ process }, 0) == 0 and not limits.reopen(container) then
    tiny.fail { message = name .. " has no cgroup: those of this host are missing or read-only", hint = "mount them writable, and start it again" }
  end
  -- The container's end removes the cgroup; ENODEV: while it was read.
  if err and (err.code == "ENOENT" or err.code == "ENODEV") then tiny.fail { message = name .. " has just ended" } end
  if err then error(err, 0) end
end
