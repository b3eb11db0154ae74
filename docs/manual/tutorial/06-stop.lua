-- box, part 6: stop. A request, some patience, then SIGKILL; and a PID 1 that does its duties.
local engine = require "05-logs"

engine.patience = "3s"

-- The kernel keeps from PID 1 of a namespace every signal that it has no handler for, and gives it every orphan
-- to reap. Few programs are made for that: so PID 1 is ours, and the program is its child.
local exec = engine.step.exec
function engine.step.exec(c)
  -- Taken before the fork: a signal that comes early waits instead of being lost.
  tiny.signals { "SIGTERM", "SIGINT", "SIGHUP", "SIGCHLD" }
  tiny.become_init(tiny.fork(function() exec(c) end))
end

-- Sends a signal to a container's PID 1 by a descriptor of that process, which no other can come into.
local function signal(c, name)
  local process = engine.status(c) == "running" and engine.process(c, "pid")
  if not process then tiny.fail { message = ("box: %s does not run"):format(c.name), exit = 125 } end
  tiny.kill(process, name)
  return process
end

-- Until the supervisor has put the end on record.
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
