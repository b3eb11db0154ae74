-- The small init (PID 1) of `--init`: forwards signals, reaps orphans, and exits with the program's status. It is this
-- process itself, so that no file of ours needs to be in the container's tree. It was loaded before the pivot and loads
-- nothing after it.

-- Signals that cannot be caught, and the two that the C library reserves.
local NOT_OURS = { [9] = true, [19] = true, [32] = true, [33] = true }

-- Runs program() in a child; never returns. The supervisor receives an error that it throws.
return function(ctx, program)
  -- Blocked before the fork, so that no signal is lost. An exec unblocks them.
  local all = {}
  for number = 1, 64 do
    if not NOT_OURS[number] then table.insert(all, number) end
  end
  tiny.signals(all)
  -- Only this process has the pipe's end, and it closes with all other descriptors: the program inherits none.
  local wiped, open = tiny.pipe()
  local child = tiny.fork(function()
    open:close()
    -- A session of its own: Ctrl-C at its terminal reaches the program once, and not through PID 1.
    tiny.setsid()
    if ctx.spec.tty then tiny.set_controlling_terminal(tiny.stdio(0)) end
    wiped:read()
    program()
  end)
  require("tiny.pipeline.security").seal(ctx.security)
  tiny.set_process_title("tinylua: init of " .. ctx.name)
  tiny.become_init(child)
end
