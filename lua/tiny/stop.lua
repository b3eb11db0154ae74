-- Stopping a container: its stop signal, a time to act on it, SIGKILL; then its record is awaited.
local events = require "tiny.events"
local format = require "tiny.format"
local state = require "tiny.state"
local limits = require "tiny.limits"
local session = require "tiny.session"

local DEFAULT_TIMEOUT = 10
-- From SIGKILL to the record.
local LONGEST_END = 2

-- Waits until the supervisor has recorded the end, and has ended. Not for its lock: somebody may start
-- the container again before this gets it.
local function recorded(container)
  local supervisor = container.state.supervisor
  local process <close> = supervisor and tiny.pidfd_open(supervisor.pid, { start_time = supervisor.start })
  if process then tiny.poll { process } end
end

-- A signal for PID 1, unless it has just ended. Without it the end would be waited for in vain.
local function signal_it(container, process, signal)
  events.emit(container, "kill", { signal = tiny.signal_number(signal) })
  local _, err = tiny.try(tiny.kill, process, signal)
  if err and err.code ~= "ESRCH" then error(err, 0) end
end

-- Returns whether the container was running. `seconds`: the time to act; absent, what the container
-- asks for. `quiet`: a kill is what was asked for.
return function(container, seconds, quiet)
  if container.damage then
    tiny.fail { message = container.damage, hint = "its process, if it lives, is PID 1 of a pid namespace started at " .. (container.config.created_at or "?") }
  end
  container = state.settled(container)
  if not container then return false end
  local function lives(s) return s.status == "running" or s.status == "restarting" end
  if not lives(container.state) then return false end
  seconds = seconds or container.config.stop_timeout or DEFAULT_TIMEOUT
  local me = state.self()
  me.till = tiny.clock("monotonic") + seconds + LONGEST_END
  state.update(container, function(s) s.stopping = lives(s) and me or nil end)
  local status = container.state.status
  if not lives(container.state) then return false end
  local process <close> = status == "running" and state.process(container) or nil
  if not process then
    -- It has just ended. Its supervisor reads `stopping` before it starts it again; where it waits for
    -- the time of that already, the signal ends the wait.
    local supervisor = status == "restarting" and container.state.supervisor
    local waiting <close> = supervisor and tiny.pidfd_open(supervisor.pid, { start_time = supervisor.start }) or nil
    if waiting then tiny.try(tiny.kill, waiting, "SIGTERM") end
    recorded(container)
    events.emit(container, "stop")
    return true
  end
  local pid, name = process.pid, container.config.name
  local signal = container.config.stop_signal or "SIGTERM"
  local fatal = tiny.signal_number(signal) == tiny.signal_number("SIGKILL")
  local hears, ignores = session.handles(pid, signal, container.config.init)
  local deaf = not fatal and not hears
  -- A frozen process acts on no signal, not even on SIGKILL before cgroup v2. One that is not frozen
  -- is left alone: on v1 thawing makes a freezer group, which a supervisor that is just clearing up
  -- would not see.
  local cgroup = limits.reopen(container)
  local stats = cgroup and tiny.try(tiny.cgroup_stats, cgroup)
  if stats and stats.frozen then tiny.try(tiny.thaw, cgroup) end
  signal_it(container, process, signal)
  if #tiny.poll({ process }, seconds) == 0 then
    local why = deaf and ignores and ("PID 1 ignores %s"):format(signal)
      or deaf and ("PID 1 has no handler for %s, so the kernel dropped it (pid_namespaces(7)), which --init avoids"):format(signal)
      or ("PID 1 did not end on %s within %s"):format(signal, format.duration(seconds))
    if not quiet then format.note("%s: %s; killed with SIGKILL after %s", name, why, format.duration(seconds)) end
    signal_it(container, process, "SIGKILL")
    tiny.poll { process }
  end
  recorded(container)
  events.emit(container, "stop")
  return true
end
