-- Sends a signal to PID 1 of a container.
local events = require "tiny.store.events"
local state = require "tiny.state"
local unresponsive = require "tiny.client.unresponsive"

-- A container between two starts has no process: its supervisor stops waiting for the next start.
local function end_restarts(container)
  local waiting <close> = state.open_process(container.state.supervisor)
  if waiting then tiny.try(tiny.kill, waiting, "SIGTERM") end
end

return function(container, number)
  container = state.settled(container, unresponsive.PATIENCE) or container
  local name = container.config.name
  -- As in docker, these signals end it for good.
  local ends = number == tiny.signal_number("SIGKILL") or number == tiny.signal_number(container.config.stop_signal or "SIGTERM")
  local restarting = container.state.status == "restarting"
  local process <close> = container.state.status == "running" and state.process(container) or nil
  if not process and not (restarting and ends) then
    tiny.fail { message = name .. " is not running", hint = "`tinylua ps` lists running containers" }
  end
  -- If the record cannot be written, such as on a full disk, the signal is sent anyway.
  local _, err = tiny.try(function()
    if ends then state.update(container, function(s) s.killed = s.status == "running" or s.status == "restarting" or nil end) end
  end)
  if err then require("tiny.format").note("%s: %s; its restart policy may start it again", name, err.message) end
  -- Emitted first, so that it precedes the event of the end that the signal causes.
  events.emit(container, "kill", { signal = number })
  if not process then return end_restarts(container) end
  local _, gone = tiny.try(tiny.kill, process, number)
  if gone and gone.code == "ESRCH" then tiny.fail { message = name .. " has just ended" } end
  if gone then error(gone, 0) end
  if ends and container.state.paused then require("tiny.client.pause").resume(container, true) end
end
