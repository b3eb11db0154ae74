-- Stops a container: sends its stop signal, waits, sends SIGKILL, and waits until the end is recorded.
local events = require "tiny.store.events"
local format = require "tiny.format"
local state = require "tiny.state"
local limits = require "tiny.pipeline.limits"
local session = require "tiny.supervisor.supervisor"
local unresponsive = require "tiny.client.unresponsive"

-- Seconds from SIGKILL to the record.
local LONGEST_END = 2
local PATIENCE = unresponsive.PATIENCE

-- Waits until the supervisor has recorded the end and has exited. Does not wait for its lock: another command may start the
-- container again first. A hung supervisor is killed, and the end is recorded here; one that has recorded the end is left
-- alone, since it may still run callbacks of the recipe. `process`: PID 1.
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
  -- Another command is doing so; while this process lives, the end counts as a stop.
  local alive = tiny.try(tiny.flock, now.run .. "/alive", { timeout = PATIENCE })
  if alive then alive:close() end
  look_after(now, process)
end

-- Changes the state; a supervisor that hangs while it holds the record's lock is killed. If the state cannot be written, since
-- the disk is full, the container is stopped anyway.
local function update(container, change)
  local _, err = tiny.try(state.update, container, change, PATIENCE)
  if not err then return end
  if err.code and err.code ~= "ETIMEDOUT" then return format.note("%s: %s; it is stopped anyway", container.config.name, err.message) end
  if not err.code or not unresponsive.kill(container) then error(err, 0) end
  format.note("%s: its supervisor held the record's lock for more than %s; killed with SIGKILL", container.config.name, format.duration(PATIENCE))
  state.update(container, change, PATIENCE)
end

-- Kills a start that does not finish; returns true, since there was something to stop.
local function give_up(container)
  if unresponsive.kill(container) then
    format.note("%s was still being started; its supervisor is killed with SIGKILL", container.config.name)
  end
  require("tiny.supervisor.recovery").look_after(container)
  events.emit(container, "stop")
  return true
end

-- Signals PID 1, unless it has just ended. An error is thrown: the end would otherwise be waited for in vain.
local function signal_it(container, process, signal)
  events.emit(container, "kill", { signal = tiny.signal_number(signal) })
  local _, err = tiny.try(tiny.kill, process, signal)
  if err and err.code ~= "ESRCH" then error(err, 0) end
end

-- PID 1 does not end on SIGKILL: it is frozen, or a process of the container has a parent outside that does not wait(2) for it,
-- such as a supervisor that hangs in a health check, or a stopped `exec`.
local function insist(container, process, cgroup)
  if cgroup then
    tiny.try(tiny.cgroup_thaw, cgroup)
    tiny.try(tiny.cgroup_kill, cgroup)
  end
  local others = unresponsive.reapers(process)
  if #tiny.poll({ process }, PATIENCE) > 0 then return end
  local why = others[1] and ("pid %d has not called wait(2) for its child there"):format(others[1]) or "it waits for something in the kernel"
  tiny.fail {
    message = ("%s: its PID 1, pid %d, does not end even on SIGKILL: %s"):format(container.config.name, process.pid, why), exit = 125,
    hint = ("cat /proc/%d/wchan shows where it waits"):format(process.pid),
  }
end

-- Returns whether the container was running. `seconds`: the timeout; nil for that of the container. options: signal, instead of
-- the container's own; quiet: the caller wants a kill, so it is not reported.
return function(container, seconds, options)
  options = options or {}
  if container.unreadable then
    tiny.fail { message = container.damage, hint = "its process, if alive, is PID 1 of a pid namespace started at " .. (container.config.created_at or "?") }
  end
  seconds = seconds or container.config.stop_timeout or session.STOP_TIMEOUT
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
    -- It has just ended. Its supervisor checks `stopping` before a restart; if it already waits for the restart delay, the signal
    -- ends the wait.
    local waiting <close> = status == "restarting" and state.open_process(container.state.supervisor) or nil
    if waiting then tiny.try(tiny.kill, waiting, "SIGTERM") end
    recorded(container)
    events.emit(container, "stop")
    return true
  end
  local pid, name = process.pid, container.config.name
  local signal = options.signal or container.config.stop_signal or "SIGTERM"
  local fatal = tiny.signal_number(signal) == tiny.signal_number("SIGKILL")
  local hears, ignores, certain = session.handles(pid, signal, container.config.init, container.config.pid)
  local deaf = not fatal and not hears
  -- A frozen process handles no signal, not even SIGKILL before cgroup v2. A container that is not frozen is left alone: on v1,
  -- thawing creates a freezer group, which a supervisor that is already cleaning up would miss.
  local cgroup = limits.reopen(container)
  local stats = cgroup and tiny.try(tiny.cgroup_stats, cgroup)
  if stats and stats.frozen then tiny.try(tiny.cgroup_thaw, cgroup) end
  signal_it(container, process, signal)
  -- What the kernel discards has no effect later either.
  local discarded = deaf and certain and not ignores and seconds > 0
  if discarded then seconds = 0 end
  if #tiny.poll({ process }, seconds) == 0 then
    local why = deaf and ignores and ("PID 1 ignores %s"):format(signal)
      or deaf and ("PID 1 has no handler for %s, so the kernel discarded it (pid_namespaces(7); --init avoids this)"):format(signal)
      or ("PID 1 did not end on %s within %s"):format(signal, format.duration(seconds))
    if not options.quiet then format.note("%s: %s; killed with SIGKILL %s", name, why, discarded and "at once" or "after " .. format.duration(seconds)) end
    signal_it(container, process, "SIGKILL")
    if #tiny.poll({ process }, PATIENCE) == 0 then insist(container, process, cgroup) end
  end
  recorded(container, process)
  events.emit(container, "stop")
  return true
end
