-- box, part 8: a network namespace that is wired before anybody lives in it.
local engine = require "07-cgroups"

engine.options["--net"] = { key = "net", flag = true }
engine.outside = { "cgroup", "network" }

function engine.step.network(c)
  -- A namespace as a value: no process is needed to keep it, nor a name.
  c.netns = c.scope:add(tiny.netns())
  tiny.link_set("lo", { netns = c.netns, up = true })
  if c.net then engine.connect(c) end
end

-- A cable: one end here, the other is eth0 inside. The addresses are fixed, so there is one such container.
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
