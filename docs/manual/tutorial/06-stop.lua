-- box, part 6: stopping. A request, a timeout, then SIGKILL; and a PID 1 that forwards signals and reaps.
local engine = require "05-logs"

engine.patience = "3s"

-- The kernel does not deliver signals without a handler to PID 1 of a namespace, and PID 1 must reap all orphans.
-- Few programs are written for that, so PID 1 is ours and the program is its child.
local exec = engine.step.exec
function engine.step.exec(c)
  -- Blocked before the fork: an early signal waits instead of being lost.
  tiny.signals { "SIGTERM", "SIGINT", "SIGHUP", "SIGCHLD" }
  tiny.become_init(tiny.fork(function() exec(c) end))
end

-- Sends a signal to PID 1 of a container through a pidfd, which always refers to the same process.
local function signal(c, name)
  local process = engine.status(c) == "running" and engine.process(c, "pid")
  if not process then tiny.fail { message = ("box: %s does not run"):format(c.name), exit = 125 } end
  tiny.kill(process, name)
  return process
end

-- Until the supervisor has recorded the end.
local function wait_for_record(c)
  local supervisor = engine.process(c, "supervisor")
  if supervisor then tiny.poll { supervisor } end
end

function engine.commands.kill(words)
  signal(engine.find(words[1]), words[2] or "SIGKILL")
end

function engine.commands.stop(words)
  local c = engine.find(words[1])
  local process = signal(c, "SIGTERM")
  if #tiny.poll({ process }, engine.patience) == 0 then tiny.kill(process, "SIGKILL") end
  wait_for_record(c)
end

function engine.commands.rm(words)
  local c = engine.find(words[1])
  if engine.status(c) == "running" then tiny.fail { message = ("box: %s runs; stop it first"):format(c.name), exit = 125 } end
  tiny.remove(c.dir, { recursive = true })
end

if type(...) == "table" then return engine.main(...) end
return engine
