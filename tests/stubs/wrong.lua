-- Errors that an editor must mark: each line that ends in "-- WRONG" has one mistake, the others none.
local c = require "tiny.container"
local bridge <close> = tiny.bridge("td0", { adr = "10.10.0.1/24" }) -- WRONG
local group <close> = tiny.cgroup("web")
tiny.set_memory_limit(group, true) -- WRONG
tiny.mount_tmpfs("/tmp", { size = "64m", mode = "755" }) -- WRONG
tiny.veth_pair({ name = "a", bridge = bridge }, { name = "b", mtu = 1400, gatway = "10.10.0.1" }) -- WRONG
tiny.sethostnam("web") -- WRONG
bridge:cloze() -- WRONG
local child <close> = tiny.clone({ pid = true, cgroup = group }, function() tiny.exec { "true" } end)
print(child.pid, child:wait("5s"))
return c.new {
  command = "true",
  memory = "64m",
  cpus = "half", -- WRONG
  before = { exec = function(ctx) print(ctx.name, ctx.nme) end }, -- WRONG
  on_exit = function(ctx, status) print(ctx.id .. status) end,
}
