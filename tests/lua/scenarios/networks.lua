-- User-defined networks: containers find each other by name and alias, join several networks, connect and disconnect
-- while they run; internal networks; and nothing is left.
local check = require "check"
local net = require "networked"
net.needs()

check.equal(check.succeeds("network", "create", "back", "--subnet", "10.20.0.0/24", "--internal"), "back\n")
check.equal(check.succeeds("network", "create", "front", "--ipv6", "-l", "team=web"), "front\n")
local listed = tiny.json_decode(check.succeeds("network", "ls", "--format", "json"))
check.equal(#listed, 2)
check.equal(listed[1].name .. listed[1].gateway, "back10.20.0.1")
check.equal(listed[2].subnet .. " " .. listed[2].subnet6 .. " " .. listed[2].labels.team, "10.10.0.0/24 fd10:10::/64 web")

-- busybox' ping needs a raw socket, for which a container needs a capability by name.
local PING = "--cap-add=net_raw"
net.serve("db", PING, "--network", "back:alias=store,ip=10.20.0.9")
local both = { "run", "-d", PING, "--name", "app", "--network", "front", "--network", "back", "--network-alias", "ui", "sleep", "60" }
check.succeeds(table.unpack(both))

local function inside(name, command) return check.succeeds("exec", name, "sh", "-c", command) end
check.equal(inside("app", "ip -o -4 addr show | grep -o 'eth[0-9] *inet [0-9./]*' | tr -s ' '"), "eth0 inet 10.10.0.2/24\neth1 inet 10.20.0.2/24\n")
check.equal(inside("app", "ip route | grep default"), "default via 10.10.0.1 dev eth0 proto static \n")
check.equal(inside("app", "cat /etc/hostname"), check.succeeds("inspect", "app", "--format", "config.hostname"))
for _, name in ipairs { "db", "store", "DB" } do check.equal(inside("app", ("busybox timeout 5 busybox wget -qO- http://%s/"):format(name)), "db\n", name) end
-- IPv6 in addition to IPv4, and reverse lookups.
check.equal(inside("app", "busybox ping -6 -c1 -W2 fd10:10::1 >/dev/null && echo ok"), "ok\n")
check.equal(inside("db", "busybox ping -c1 -W2 ui >/dev/null && echo ok"), "ok\n")
-- An unknown name fails at once: this host has no name servers that answer.
assert(not inside("db", "busybox nslookup nobody.test 127.0.0.11 2>&1; true"):match("Address: 10"), "an answer")
-- The internal network has no way out.
check.equal(inside("db", "ip route | grep -c default; true"), "0\n")

-- A neighbor in another network is not found, until it connects.
check.succeeds("run", "-d", PING, "--name", "late", "--network", "front", "sleep", "60")
check.equal(inside("late", "busybox ping -c1 -W1 db 2>&1 | head -1"), "ping: bad address 'db'\n")
check.succeeds("network", "connect", "back", "late", "--alias", "tardy")
check.equal(inside("late", "busybox timeout 5 busybox wget -qO- http://db/"), "db\n")
check.equal(inside("db", "busybox ping -c1 -W2 tardy >/dev/null && echo ok"), "ok\n")
net.refused({ "network", "connect", "back", "late" }, "late is already in network back\n")
net.refused({ "network", "rm", "back" }, "network back is in use by db, app, late\n  hint: stop them first, or disconnect them: tinylua network rm -f back\n")
check.succeeds("network", "disconnect", "back", "late")
check.equal(inside("late", "ls /sys/class/net | tr '\\n' ' '"), "eth0 lo ")
check.equal(inside("db", "busybox ping -c1 -W1 tardy 2>&1 | head -1"), "ping: bad address 'tardy'\n")

-- A published port is removed with its network.
check.succeeds("run", "-d", "--name", "shop", "--network", "front", "-p", "8070:80", "sleep", "60")
check.equal(#tiny.published(), 2, "by IPv4 and by IPv6")
check.succeeds("network", "disconnect", "front", "shop")
check.equal(#tiny.published(), 0)
check.equal(check.succeeds("port", "shop"), "")
check.succeeds("rm", "-f", "shop")

local graph = check.succeeds("network", "graph")
assert(graph:find("(network back, internal) 10.20.0.1/24", 1, true) and graph:find("eth0 db 10.20.0.9/24", 1, true), graph)
assert(check.succeeds("network", "graph", "--format", "svg"):match("^<svg.*</svg>\n$"))

-- A network without isolation is reached from others; the reverse direction stays blocked.
check.succeeds("network", "create", "open", "--subnet", "10.22.0.0/24", "--no-isolate")
net.serve("shared", "--network", "open")
check.equal(inside("late", "busybox timeout 5 busybox wget -qO- http://10.22.0.2/"), "shared\n")
net.serve("page", "--network", "front")
check.equal(inside("shared", "busybox timeout 1 busybox wget -qO- http://10.10.0.4/ 2>/dev/null; echo $?"), "143\n")
local kinds = {}
for kind in check.succeeds("network", "ls"):gmatch("10%.[%d.]+ +(%l+) ") do table.insert(kinds, kind) end
check.equal(table.concat(kinds, " "), "internal nat open")
net.refused({ "network", "create", "both", "--internal", "--no-isolate" }, "--no-isolate: an internal network is always isolated\n  hint: omit one of the two options\n")

check.succeeds("rm", "-f", "db", "app", "late", "shared", "page")
check.equal(check.succeeds("network", "prune"), "back\nfront\nopen\n")
net.nothing_left()
