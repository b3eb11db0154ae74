-- Runs a container in the foreground: creates it, starts it, passes signals on, waits for its end and deletes it.
local front = require "tiny.oci.front"

local FORWARDED = { "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2" }

-- Waits for a process; returns its status. status: a function that returns it, of a process that is no child.
local function wait(child, status)
  local signals <close> = tiny.signals(FORWARDED)
  while true do
    for _, ready in ipairs(tiny.poll { child, signals }) do
      if ready == child then return ((status or child.wait)(child)) end
      for name in function() return (signals:next()) end do tiny.try(tiny.kill, child, name) end
    end
  end
end

local run = {}

run.wait = wait

function run.run(args)
  args.detached = args.detach
  local one = front.create(args.id, args)
  local _, err = tiny.try(front.start, args.id)
  if err then
    tiny.try(front.delete, args.id, true)
    error(err, 0)
  end
  if args.detach then return 0 end
  local status = wait(one.child)
  if not args.keep then front.delete(args.id, true) end
  return status
end

return run
