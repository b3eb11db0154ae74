-- Stopping a container: its stop signal, a time to act on it, SIGKILL; then its record is awaited.
local events = require "tiny.store.events"
local format = require "tiny.format"
local state = require "tiny.state"
local limits = require "tiny.pipeline.limits"
local session = require "tiny.supervisor.supervisor"
local unresponsive = require "tiny.client.unresponsive"

local DEFAULT_TIMEOUT = 10
-- From SIGKILL to the record.
local LONGEST_END = 2
local PATIENCE = unresponsive.PATIENCE

-- Waits until the supervisor has recorded the end, and has ended. Not for its lock: somebody may start
-- the container again before this gets it. One that hangs is ended, and the end is recorded here; one that has
-- recorded it is left alone, since a callback of the recipe may do so much then. `process`: PID 1.
local function recorded(container, process)
  local supervisor = container.state.supervisor
  local watched <close> = state.open_process(supervisor)
  local ended = not watched or #tiny.poll({ watched }, PATIENCE) > 0
  local now = state.load(container.id)
  if not now or not state.busy(now) then return end
  if not ended and unresponsive.kill(now) then
    format.note("%s: its supervisor, pid %d, did not answer within %s; killed with SIGKILL", now.config.name, watched.pid, format.duration(PATIENCE))
  end
  local look_after = require("tiny.supervisor.recovery").look_after
  now = look_after(now, process)
  if not now or not state.busy(now) then return end
  if now.damage then tiny.fail { message = ("%s: %s"):format(now.config.name, now.damage), exit = 125 } end
  -- Another command is doing so just now; as long as this one lives, that is seen to be a stop.
  local alive = tiny.try(tiny.flock, now.run .. "/alive", { timeout = PATIENCE })
  if alive then alive:close() end
  look_after(now, process)
end

-- Changes the state; a supervisor that hangs with the record's lock is ended. What cannot be written, since the disk is
-- full, keeps nobody from ending the container.
local function update(container, change)
  local _, err = tiny.try(state.update, container, change, PATIENCE)
  if not err then return end
  if err.code and err.code ~= "ETIMEDOUT" then return format.note("%s: %s; it is stopped all the same", container.config.name, err.message) end
  if not err.code or not unresponsive.kill(container) then error(err, 0) end
  format.note("%s: its supervisor held the record's lock for more than %s; killed with SIGKILL", container.config.name, format.duration(PATIENCE))
  state.update(container, change, PATIENCE)
end

-- Ends what is being started and does not come to its end; true, since there was something to stop.
local function give_up(container)
  if unresponsive.kill(container) then
    format.note("%s was still being started; its supervisor is killed with SIGKILL", container.config.name)
  end
  require("tiny.supervisor.recovery").look_after(container)
  events.emit(container, "stop")
  return true
end

-- A signal for PID 1, unless it has just ended. Without it the end would be waited for in vain.
local function signal_it(container, process, signal)
  events.emit(container, "kill", { signal = tiny.signal_number(signal) })
  local _, err = tiny.try(tiny.kill, process, signal)
  if err and err.code ~= "ESRCH" then error(err, 0) end
end

-- PID 1 does not end on SIGKILL: it is frozen, or a process of the container waits for a parent outside to take note of
-- its end, such as a supervisor that hangs in a health check, or an `exec` that is stopped.
local function insist(container, process, cgroup)
  if cgroup then
    tiny.try(tiny.thaw, cgroup)
    tiny.try(tiny.cgroup_kill, cgroup)
  end
  local others = unresponsive.reapers(process)
  if #tiny.poll({ process }, PATIENCE) > 0 then return end
  local why = others[1] and ("pid %d has not waited for the end of its child there"):format(others[1]) or "it waits for something in the kernel"
  tiny.fail {
    message = ("%s: its PID 1, pid %d, does not end even on SIGKILL: %s"):format(container.config.name, process.pid, why), exit = 125,
    hint = ("cat /proc/%d/wchan tells where it waits"):format(process.pid),
  }
end

-- Returns whether the container was running. `seconds`: the time to act; absent, what the container
-- asks for. `quiet`: a kill is what was asked for.
return function(container, seconds, quiet)
  if container.unreadable then
    tiny.fail { message = container.damage, hint = "its process, if it lives, is PID 1 of a pid namespace started at " .. (container.config.created_at or "?") }
  end
  seconds = seconds or container.config.stop_timeout or DEFAULT_TIMEOUT
  container = state.settled(container, seconds + PATIENCE)
  if not container then return false end
  if container.state.status == "starting" then return give_up(container) end
  local function lives(s) return s.status == "running" or s.status == "restarting" end
  if not lives(container.state) then return false end
  local me = state.self()
  me.till = tiny.clock("monotonic") + seconds + LONGEST_END
  update(container, function(s) s.stopping = lives(s) and me or nil end)
  local status = container.state.status
  if not lives(container.state) then return false end
  local process <close> = status == "running" and state.process(container) or nil
  if not process then
    -- It has just ended. Its supervisor reads `stopping` before it starts it again; where it waits for
    -- the time of that already, the signal ends the wait.
    local waiting <close> = status == "restarting" and state.open_process(container.state.supervisor) or nil
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
    if #tiny.poll({ process }, PATIENCE) == 0 then insist(container, process, cgroup) end
  end
  recorded(container, process)
  events.emit(container, "stop")
  return true
end
