-- repl --in: the prompt with handles to a running container; inspect shows it, and a half-built container.
local check = require "check"

check.succeeds("run", "-d", "--name", "web", "-m", "32m", "--hostname", "inside", "sh", "-c", "echo mine > /mark; echo hello; exec sleep 1000")
repeat until check.succeeds("logs", "web") == "hello\n"
local function prompt(input, ...)
  local result = check.run({ "repl", ... }, input)
  check.equal(result.err, "", "standard error")
  check.equal(result.status, 0, "the status")
  return result.out
end

local out = prompt([[
print(container.config.name, process.kind, container.state.pid == process.pid)
print((tiny.read_file("/mark", { root = root }):gsub("\n", "")))
print(tiny.try(tiny.cgroup_read, cgroup, "memory.max") or tiny.cgroup_read(cgroup, "memory.limit_in_bytes"))
io.stdout:flush()
logs()
exec { "hostname" }
inspect(container)
inspect "web"
]], "--in", "web")
assert(out:find("^web\tprocess\ttrue\n"), out)
assert(out:find("\nmine\n33554432%s") and out:find("\nhello\ninside\n0\n"), out)
local _, sections = out:gsub("\nNamespaces", "")
check.equal(sections, 2, "both are inspected")

-- Handles of another container, with the prompt's functions; and a name that does not exist.
check.equal(prompt('local w <close> = container "web" print(w.process.pid == container("web").process.pid)'), "true\n")
local result = check.run({ "repl", "--in", "wbe" }, "")
check.equal(result.status, 125)
assert(result.err:find("wbe", 1, true), result.err)

-- A half-built child: its namespaces, and its mounts and links so far.
out = prompt([[
go, into = tiny.pipe()
ready, tell = tiny.pipe()
net = tiny.netns()
child = tiny.clone({ mount = true, uts = true, net = net }, function() tiny.mount_private("/") tiny.mount_tmpfs("/mnt", { size = "1m" }) tell:write("x") go:read() end)
tiny.veth_pair({ name = "veth-half" }, { name = "eth0", netns = net, addr = "10.77.0.2/24" })
print(ready:read())
inspect(child)
inspect(net)
child:close()
print(select(2, tiny.try(inspect, child)))
]])
assert(out:find("uts     own", 1, true) and out:find("pid     host's", 1, true), out)
assert(out:find("/mnt", 1, true) and out:find("eth0", 1, true) and out:find("10.77.0.2/24", 1, true), out)
assert(out:find("process %d+ has exited"), out)
