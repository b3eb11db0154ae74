-- exec: a program in a running container, in front of the person or left to itself.
local events = require "tiny.store.events"
local format = require "tiny.format"
local limits = require "tiny.pipeline.limits"
local state = require "tiny.state"
local stdio = require "tiny.pipeline.stdio"

-- Calls f; when that fails because the container ends meanwhile, whatever failed of it is not the cause.
local function while_alive(container, process, f, ...)
  local result, err = tiny.try(f, ...)
  if not err then return result end
  -- A process that is ending has no namespaces and no cgroup any more before its pidfd tells the end.
  local missing = err.op ~= "exec" and (err.code == "ESRCH" or err.code == "ENOENT" or err.code == "ENODEV"
    -- To its pid namespace no process can be added any more (pid_namespaces(7)).
    or err.code == "ENOMEM")
  if #tiny.poll({ process }, missing and "1s" or 0) == 0 then error(err, 0) end
  tiny.fail { message = ("%s has just ended"):format(container.config.name) }
end

-- Waits for the program's end, and relays its streams meanwhile. It is in a session of its own, so that the
-- keys of a terminal reach this process alone: what comes is passed on.
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
  if options.tty then require("tiny.client.detach_keys").new(options.keys) end -- what is wrong is told before anything is made
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
  -- The container's processes see the one that enters it.
  tiny.set_process_title("tinylua: exec in " .. name)
  local pipes <close> = not (options.detach or terminal) and stdio.pipes(options.interactive, options.raw) or nil
  options.stdio = pipes and pipes.inside
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
    local function ended() events.emit(container, "exec_die", { exit_code = program and tiny.try(tiny.process_exit, program) }) end
    if require("tiny.client.attach").show(master, slave, { input = options.interactive, keys = options.keys }, ended) then
      format.note("the program runs on in %s", name)
      child:keep()
      return 0
    end
  end
  local status = follow(child, pipes)
  events.emit(container, "exec_die", { exit_code = status })
  return status
end
