-- A small PID 1 in front of a container's program: it forwards signals, reaps what the program leaves
-- behind, and ends with the program's status. It is this process itself, so that nothing of ours has
-- to be in the container's tree; it was loaded before the pivot and loads nothing after it.

-- Those that cannot be taken, and the two that the C library keeps to itself.
local NOT_OURS = { [9] = true, [19] = true, [32] = true, [33] = true }

-- Runs program() in a child; never returns. An error that it throws reaches the supervisor.
return function(ctx, program)
  -- Taken before the fork: one that comes meanwhile waits. An exec lets them go.
  local all = {}
  for number = 1, 64 do
    if not NOT_OURS[number] then table.insert(all, number) end
  end
  tiny.signals(all)
  -- Its end is at this process alone, and closes with all of its descriptors: the program finds none.
  local wiped, open = tiny.pipe()
  local child = tiny.fork(function()
    open:close()
    -- A session of its own: Ctrl-C at its terminal reaches the program once, and not by way of PID 1.
    tiny.setsid()
    if ctx.spec.tty then tiny.set_controlling_terminal(tiny.stdio(0)) end
    wiped:read()
    program()
  end)
  require("tiny.pipeline.security").seal(ctx.security)
  tiny.set_process_title("tinylua: init of " .. ctx.name)
  tiny.become_init(child)
end
