-- A process that accompanies a container: it answers the system calls that the recipe's functions are asked about. It ends when no
-- process of the container has the filter any more.
local answers = require "tiny.supervisor.syscall_answers"

local companion = {}

-- Leaves the engine's session and streams, whose readers would wait for it.
local function detach()
  tiny.setsid()
  local null = tiny.open("/dev/null", { read = true, write = true })
  for number = 0, 2 do tiny.dup2(null, number) end
  tiny.chdir "/"
  tiny.set_process_title "tinylua-oci: answers system calls"
end

-- Answers the calls that arrive at a listener. started: a pipe that ends when the program begins.
function companion.answer(one, started, listener)
  if not (started and listener) then return end
  local child = tiny.fork(function()
    -- The engine's pipes, and the lock of the command that started it.
    tiny.withdraw_fds { keep = { started, listener } }
    detach()
    local spec = require("tiny.oci.program").again(one)
    tiny.notify_ready()
    answers.serve_all({ spec = spec, record = one.record, name = one.id }, { started = started, listener = listener })
  end)
  child:wait_ready()
  child:keep()
  started:close()
  listener:close()
end

return companion
