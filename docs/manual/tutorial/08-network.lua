-- box, part 8: a network namespace that is set up before a process is in it.
local engine = require "07-cgroups"

engine.options["--net"] = { key = "net", flag = true }
engine.outside = { "cgroup", "network" }

function engine.step.network(c)
  -- A namespace as a value: it needs neither a process nor a name.
  c.netns = c.scope:add(tiny.netns())
  tiny.link_set("lo", { netns = c.netns, up = true })
  if c.net then engine.connect(c) end
end

-- A veth pair: one end on the host, the other is eth0 inside. The addresses are fixed, so there can be one such container.
function engine.connect(c)
  c.scope:add(tiny.veth_pair(
    { name = "box-" .. c.id:sub(1, 8), addr = "10.88.0.1/24" },
    { name = "eth0", netns = c.netns, addr = "10.88.0.2/24", gateway = "10.88.0.1" }))
end

local namespaces = engine.namespaces
function engine.namespaces(c)
  local all = namespaces(c)
  all.net = c.netns
  return all
end

if type(...) == "table" then return engine.main(...) end
return engine
