-- box, part 2: namespaces. The program sees processes, a hostname, mounts and links of its own.
local engine = require "01-cli"

engine.options["--hostname"] = { key = "hostname" }

-- What happens inside, between the birth of the child and its program: a list of names, and what each does.
engine.inside = { "hostname", "mounts", "exec" }
engine.step = {}

function engine.step.hostname(c)
  tiny.sethostname(c.hostname or "box")
end

function engine.step.mounts()
  -- Mounts are copied with the namespace, and shared with it: without this line the host would get our /proc.
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
