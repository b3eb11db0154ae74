-- hold_namespaces: a process that keeps its namespaces, and no descriptor, until a signal ends it.
local check = require "check"

local from, into = tiny.pipe()
local web = tiny.netns()
local child <close> = tiny.clone({ net = web }, function() tiny.hold_namespaces() end)
into:close()
child:wait_ready()
check.equal(from:read(), nil, "it kept the pipe")
check.equal(#tiny.list_dir(("/proc/%d/fd"):format(child.pid)), 0, "open descriptors")

-- The namespace lives on without a handle of the parent, and others can join it.
tiny.link_set("lo", { netns = web, up = true })
web:close()
do
  local again <close> = tiny.open_ns("net", child)
  local up
  for _, link in ipairs(tiny.links { netns = again }) do up = up or link.name == "lo" and link.up end
  assert(up, "it is another namespace")
end

check.equal(#tiny.poll({ child }, "50ms"), 0, "it waits")
child:kill("SIGTERM")
local _, signal = child:wait()
check.equal(signal, "SIGTERM")
