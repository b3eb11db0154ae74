-- box, part 2: namespaces. The program has its own processes, hostname, mounts and network interfaces.
local engine = require "01-cli"

engine.options["--hostname"] = { key = "hostname" }

-- The steps inside the container, from the creation of the child to its program: a list of names, and a function for each.
engine.inside = { "hostname", "mounts", "exec" }
engine.step = {}

function engine.step.hostname(c)
  tiny.sethostname(c.hostname or "box")
end

function engine.step.mounts()
  -- A new mount namespace has shared copies of the mounts: without this line the host would get our /proc.
  tiny.mount_private("/")
  tiny.mount_proc("/proc")
end

function engine.step.exec(c)
  tiny.exec(c.command)
end

function engine.namespaces()
  return { pid = true, mount = true, uts = true, ipc = true, net = true }
end

function engine.start(c)
  return tiny.clone(engine.namespaces(c), function()
    for _, name in ipairs(engine.inside) do engine.step[name](c) end
  end)
end

if type(...) == "table" then return engine.main(...) end
return engine
