-- The control group of a running container, for commands that act on it.
local limits = require "tiny.pipeline.limits"

-- Calls f with the cgroup of a container that must be running; one that is being started is waited for.
return function(container, f, ...)
  container = require("tiny.state").ready(container)
  local name = container.config.name
  if container.state.status ~= "running" then
    tiny.fail { message = name .. " is not running", hint = "`tinylua ps` lists those that run" }
  end
  local _, err = tiny.try(function(...) f(tiny.open_cgroup(limits.path(container)), ...) end, ...)
  if err and err.code == "ENOENT" and container.config.userns == "own" and not container.state.cgroup then
    tiny.fail { message = name .. " has no control group, since none is delegated to you", hint = require("tiny.pipeline.delegated").HINT }
  end
  -- Its end takes the group away.
  if err and err.code == "ENOENT" then tiny.fail { message = name .. " has just ended" } end
  if err then error(err, 0) end
end
