-- Namespaces shared with another container and by path; the files for name resolution; a recipe's own DNS answers; a
-- killed supervisor.
local check = require "check"
local dns = require "dns"
local net = require "networked"
net.needs()

local function inside(name, command) return check.succeeds("exec", name, "sh", "-c", command) end

net.serve("web", "--network", "bridge", "--add-host", "far:192.0.2.9", "--add-host", "gate:host-gateway", "--dns-search", "example.org", "--mac-address", "02:00:00:00:00:07")
check.equal(inside("web", "cat /etc/hosts"), "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n192.0.2.9\tfar\n10.10.0.1\tgate\n10.10.0.2\tweb\n")
check.equal(inside("web", "cat /etc/resolv.conf"), "nameserver 127.0.0.11\nsearch example.org\noptions ndots:0\n")
check.equal(inside("web", "cat /sys/class/net/eth0/address"), "02:00:00:00:00:07\n")

-- Another container's namespace: its loopback, its files, no own address.
check.equal(check.succeeds("run", "--rm", "--network", "container:web", "sh", "-c", "busybox wget -qO- http://127.0.0.1/; tail -1 /etc/hosts"), "web\n10.10.0.2\tweb\n")
-- A namespace by its path.
local pid = check.succeeds("inspect", "web", "--format", "state.pid"):gsub("\n", "")
check.equal(check.succeeds("run", "--rm", "--network", ("ns:/proc/%s/ns/net"):format(pid), "sh", "-c", "busybox wget -qO- http://127.0.0.1/"), "web\n")
local file = check.run { "run", "--network", "ns:/etc/passwd", "true" }
assert(file.err:find("EINVAL", 1, true), file.err)

-- A rootfs of the user is never written to: the files are mounted over it.
for _, part in ipairs { "bin", "proc", "sys", "dev", "etc" } do tiny.mkdir("/tmp/root/" .. part, { parents = true }) end
local busybox = assert(io.open("/bin/busybox", "rb")):read("a")
tiny.write_file("/tmp/root/bin/busybox", busybox, { mode = tonumber("755", 8) })
tiny.write_file("/tmp/root/etc/hosts", "mine\n")
check.equal(check.succeeds("run", "--rm", "--network", "bridge", "--hostname", "h", "--rootfs", "/tmp/root", "/bin/busybox", "tail", "-n1", "/etc/hosts"):match("%s(h .*)\n"):match("^h"), "h")
check.equal(tiny.read_file("/tmp/root/etc/hosts"), "mine\n")
check.equal(tiny.read_file("/tmp/root/etc/hostname"), "")

-- A recipe that answers queries itself.
tiny.write_file("/tmp/own.lua", [[
return require("tiny.container").new {
  network = "bridge", command = "busybox nslookup any.own | grep -c 198.51.100.7; busybox nslookup no.own 2>&1 | grep -c NXDOMAIN",
  resolve = function(ctx, name, type)
    if name == "any.own" then return "198.51.100.7" end
    if name == "no.own" then return false end
  end,
}]])
local own = check.run { "run", "--rm", "/tmp/own.lua" }
assert(own.out:match("^1\n[1-9]\n$"), own.out .. own.err)

-- Names unknown to its networks are forwarded to the configured servers, over UDP and TCP.
local outside <close> = tiny.netns()
tiny.veth_pair({ name = "test0", addr = "192.0.2.1/24" }, { name = "eth0", netns = outside, addr = "192.0.2.53/24" })
local server <close> = tiny.udp_bind("192.0.2.53:53", { netns = outside })
local answering = tiny.fork(function()
  while true do
    tiny.poll { server }
    local query, from = server:receive()
    local question = query and tiny.dns_question(query)
    local far = question and question.name == "far.example"
    if question then server:send(tiny.dns_answer(query, far and { addrs = { "198.51.100.9" }, ttl = 60 } or { code = "NXDOMAIN" }), from) end
  end
end)
check.succeeds("run", "-d", "--name", "asks", "--network", "bridge", "--dns", "192.0.2.53", "sleep", "60")
assert(inside("asks", "busybox nslookup far.example"):find("198.51.100.9", 1, true))
assert(inside("asks", "busybox nslookup web; busybox nslookup near.example 2>&1; true"):find("NXDOMAIN", 1, true))
local there <close> = tiny.open_ns("net", ("/proc/%d/ns/net"):format(tonumber((check.succeeds("inspect", "asks", "--format", "state.pid")))))
local function over_tcp(name) return (dns.tcp({ dns.query(name, "A") }, { netns = there, server = "127.0.0.11" })) end
assert(over_tcp("far.example"):find("\198\51\100\9", 1, true), "by TCP")
assert(over_tcp("web"):find("\10\10\0\2", 1, true), "a neighbour by TCP")
tiny.kill(answering, "SIGKILL")
check.succeeds("rm", "-f", "asks")

-- Names are still resolved, and ports reserved, after a supervisor is killed and the container is recovered.
net.serve("held", "--network", "bridge", "-p", "8090:80")
local supervisor = tonumber((check.succeeds("inspect", "held", "--format", "state.supervisor.pid")))
check.kill(tiny.pidfd_open(supervisor))
check.succeeds("gc")
check.equal(inside("held", "busybox timeout 5 busybox wget -qO- http://web/"), "web\n")
check.equal(net.fetch("http://127.0.0.1:8090/"), "held")
check.fails("EADDRINUSE", tiny.reserve_port, "8090/tcp", { addr = "0.0.0.0" })
check.succeeds("rm", "-f", "held", "web")
check.no_container()
net.nothing_left()
