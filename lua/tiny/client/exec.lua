-- Runs a program in a running container, in the foreground or detached.
local events = require "tiny.store.events"
local format = require "tiny.format"
local limits = require "tiny.pipeline.limits"
local state = require "tiny.state"
local stdio = require "tiny.pipeline.stdio"

-- The status of a program that SIGKILL has ended.
local KILLED = 137

-- Calls f; if it fails because the container is ending, reports that instead of the error.
local function while_alive(container, process, f, ...)
  local result, err = tiny.try(f, ...)
  if not err then return result end
  -- The namespaces and the cgroup of an ending process vanish before its pidfd reports the end.
  local missing = err.op ~= "exec" and (err.code == "ESRCH" or err.code == "ENOENT" or err.code == "ENODEV"
    -- No process can be added to its pid namespace any more (pid_namespaces(7)).
    or err.code == "ENOMEM")
  if #tiny.poll({ process }, missing and "1s" or 0) == 0 then error(err, 0) end
  tiny.fail { message = ("%s has just ended"):format(container.config.name) }
end

-- Waits for the program's end, and relays its streams meanwhile. The program has its own session, so only this process gets the
-- signals of terminal keys: it passes them on.
local function follow(child, pipes)
  local signals <close> = tiny.signals { "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT" }
  local loop = require("tiny.base.loop").new()
  loop:on(child, function() loop:stop() end)
  loop:on(signals, function() tiny.try(tiny.kill, child, (signals:next())) end)
  if pipes then pipes:join(loop) end
  loop:run()
  if pipes then pipes:finish(signals) end
  local status = child:wait()
  return status == 0 and pipes and pipes.failed and 125 or status
end

-- Runs a program in the container; returns its status.
return function(container, options)
  local name = container.config.name
  if options.tty then -- reports errors before anything is created
    require("tiny.client.detach_keys").new(options.keys)
    if options.interactive then require("tiny.client.tty_proxy").check_input() end
  end
  container = state.ready(container)
  if container.state.status ~= "running" then
    tiny.fail { message = ("%s is not running"):format(name), hint = "tinylua start " .. name }
  end
  local process <close> = state.process(container)
  if not process then tiny.fail { message = ("%s has just ended"):format(name) } end
  local cgroup = limits.reopen(container)
  if cgroup and while_alive(container, process, tiny.cgroup_stats, cgroup).frozen then
    tiny.fail { message = ("%s is paused"):format(name), hint = "tinylua unpause " .. name }
  end
  local terminal = options.tty and require "tiny.pipeline.terminal"
  if terminal then terminal.prepare(options, { size = require("tiny.client.tty_proxy").size() }) end
  -- The container's processes can see the title of the process that enters it.
  tiny.set_process_title("tinylua: exec in " .. name)
  local pipes <close> = not (options.detach or terminal) and stdio.pipes(options.interactive, options.raw) or nil
  options.stdio = pipes and pipes.inside
  require "tiny.pipeline.process_state"()
  local child <close> = while_alive(container, process, require "tiny.pipeline.join", process, cgroup, container.config, options)
  while_alive(container, process, child.wait_ready, child)
  events.emit(container, "exec", { command = table.concat(options.command, " ") })
  if options.detach then
    child:keep()
    return 0
  end
  if terminal then
    local master, slave = terminal.receive(options)
    local program <close> = tiny.pidfd_open(child.pid)
    local function ended() events.emit(container, "exec_die", { exit_code = program and tiny.try(tiny.process_exit_status, program) }) end
    if require("tiny.client.attach").show(master, slave, { input = options.interactive, keys = options.keys }, ended) then
      format.note("the program is still running in %s", name)
      child:keep()
      return 0
    end
  end
  local status = follow(child, pipes)
  -- The end of PID 1 kills the program first. The next command is to find the container ended.
  if status == KILLED then tiny.poll({ process }, "1s") end
  events.emit(container, "exec_die", { exit_code = status })
  return status
end
