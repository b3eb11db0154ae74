-- Processes that accompany a container: one answers the system calls that the recipe's functions are asked about, until no process of
-- the container has the filter any more. Another calls the recipe's on_oom, until the container's first process has ended.

local companion = {}

-- Leaves the engine's session and streams, whose readers would wait for it.
local function detach(what)
  tiny.setsid()
  local null = tiny.open("/dev/null", { read = true, write = true })
  for number = 0, 2 do tiny.dup2(null, number) end
  tiny.chdir "/"
  tiny.set_process_title("tinylua-oci: " .. what)
end

-- Answers the calls that arrive at a listener. started: a pipe that ends when the program begins.
function companion.answer(one, started, listener)
  if not (started and listener) then return end
  local child = tiny.fork(function()
    -- The engine's pipes, and the lock of the command that started it.
    tiny.withdraw_fds { keep = { started, listener } }
    detach "answers system calls"
    local spec = require("tiny.oci.program").again(one)
    tiny.notify_ready()
    local answers, asked = require "tiny.supervisor.syscall_answers", { spec = spec, record = one.record, name = one.id }
    answers.serve_all(asked, { started = started, listener = listener })
  end)
  child:wait_ready()
  child:keep()
  started:close()
  listener:close()
end

-- Seconds after a notice in which the count of kills is read again: cgroup v1 tells of a kill before it happens.
local LATER = 1

-- Calls on_oom(ctx, kills) whenever the kernel has killed processes of the container for its memory limit.
function companion.watch_oom(one)
  local child = tiny.fork(function()
    tiny.withdraw_fds()
    detach "watches the memory limit"
    local on_oom = require("tiny.oci.program").again(one).on_oom
    local process <close> = require("tiny.oci.state").process(one)
    local group = require("tiny.oci.cgroup").needed(one)
    local news <close> = tiny.cgroup_notice(group, group.folders.memory and "memory.oom_control" or "memory.events")
    tiny.notify_ready()
    local told, till = 0, 0
    while process do
      local left = till - tiny.clock "monotonic"
      local ready = tiny.poll({ news, process }, left > 0 and math.min(left, 0.05) or nil)
      local ended = false
      for _, handle in ipairs(ready) do
        if handle == news then
          news:read()
          till = tiny.clock "monotonic" + LATER
        else
          ended = true
        end
      end
      local stats = tiny.try(tiny.cgroup_stats, group)
      local kills = stats and stats.oom_kills or told
      if kills > told then
        told = kills
        require("tiny.supervisor.callback")({ spec = { on_oom = on_oom }, record = {}, name = one.id, id = one.id }, "on_oom", kills)
      end
      if ended then return end
    end
  end)
  child:wait_ready()
  child:keep()
end

return companion
