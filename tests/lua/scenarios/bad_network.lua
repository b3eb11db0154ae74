-- Invalid network options are reported before anything is created, each in one sentence with a hint.
local check = require "check"
local net = require "networked"
net.needs()
local refused = net.refused

local function run(...) return { "run", ... } end
refused(run("--network", "brigde", "true"), 'no such network: "brigde"; did you mean "bridge"?\n  hint: `tinylua network ls` lists all networks; the keywords are none, host, container:NAME and ns:PATH\n')
refused(run("--network", "none", "--network", "bridge", "true"), "network: none cannot be combined with other networks\n")
refused(run("--network", "bridge", "--network", "bridge", "true"), "network: bridge is given twice\n")
refused(run("--network", "bridge:adr=1", "true"), 'network: "adr=1" is not ip=, ip6=, mac=, alias= or router\n  hint: such as --network back:ip=10.20.0.5,alias=db\n')
refused(run("--network", "bridge", "--ip", "10.99.0.2", "true"), "ip: 10.99.0.2 is not in network bridge, 10.10.0.0/24\n")
refused(run("--network", "bridge", "--ip", "10.10.0.255", "true"), "ip: 10.10.0.255 is not the address of a host in 10.10.0.0/24\n")
refused(run("--ip", "10.10.0.2", "true"), "ip: a network of type none has no configurable addresses\n  hint: add --network bridge\n")
refused(run("--network", "bridge", "--mac-address", "02:00", "true"), 'mac_address: "02:00" is not a MAC address\n  hint: such as 02:00:00:00:00:01\n')
refused(run("--network", "container:nobody", "true"), 'no such container: "nobody"\n  hint: `tinylua ps -a` lists them\n')
refused(run("--network", "ns:/no/such", "true"), "network: no such namespace: /no/such\n  hint: `ip netns list` shows those below /run/netns\n")
local SHOWN = "  hint: the format is [HOST:][PORT:]PORT[/tcp|/udp], such as 8080:80, 127.0.0.1:53:53/udp or 8000-8010:80-90\n"
refused(run("--network", "none", "-p", "8080:80", "true"), 'publish: network "none" cannot publish ports\n  hint: use --network bridge or a user-defined network\n')
refused(run("--net", "bridge", "-p", "0:80", "true"), 'publish: "0:80": 0 is not between 1 and 65535\n')
refused(run("--net", "bridge", "-p", "70000:80", "true"), 'publish: "70000:80": 70000 is not between 1 and 65535\n')
refused(run("--net", "bridge", "-p", "web:80", "true"), 'publish: "web:80": "web" is not a port\n' .. SHOWN)
refused(run("--net", "bridge", "-p", "80-90:80", "true"), 'publish: "80-90:80": the two ranges differ in length\n')
refused(run("--net", "bridge", "-p", "8080:80", "-p", "8080:81", "true"), 'publish: "8080": the port is published twice\n')
refused(run("--net", "bridge", "-p", "80:80/sctp", "true"), 'publish: "80:80/sctp": unknown protocol sctp; use tcp or udp\n')
refused(run("--net", "bridge", "-p", "[::1]:80:80", "true"), 'publish: "::1": the container has no IPv6 address\n  hint: create the network with --ipv6\n')
refused(run("--net", "bridge", "--dns", "x", "true"), 'dns: "x" is not an address\n  hint: give the IP address of a name server\n')
refused(run("--add-host", "x", "true"), 'add_hosts: "x" is not NAME:ADDRESS\n  hint: such as db:10.0.0.5, or gw:host-gateway\n')

local function create(...) return { "network", "create", ... } end
refused(create("host"), 'the name "host" is reserved\n  hint: choose another name\n')
refused(create("../x"), "the name \"../x\" may contain only letters, digits, '_', '.' and '-', and must begin with a letter or digit\n")
refused(create("a", "--subnet", "10.10.0.0/33"), '--subnet: "10.10.0.0/33" is not a subnet such as 10.20.0.0/24\n')
refused(create("a", "--subnet", "10.30.0.0/31"), "--subnet: 10.30.0.0/31 is too small for a gateway and a container\n  hint: use a shorter prefix\n")
refused(create("a", "--subnet", "10.30.0.0/24", "--gateway", "10.31.0.1"), '--gateway: "10.31.0.1" is not in 10.30.0.0/24\n')
tiny.link_set("lo", { up = true })
tiny.bridge("test0", { addr = "10.30.0.1/24" })
refused(create("a", "--subnet", "10.30.0.0/16"), "--subnet: 10.30.0.0/16 overlaps: the host has a route to 10.30.0.0/24 by test0\n  hint: choose another subnet, or omit it to get a free one\n")
check.succeeds("network", "create", "a", "--subnet", "10.40.0.0/24")
refused(create("a"), 'network "a" already exists\n  hint: choose another name, or remove it: tinylua network rm a\n')
refused(create("b", "--subnet", "10.40.0.128/25"), "--subnet: 10.40.0.128/25 overlaps: network a uses 10.40.0.0/24\n  hint: choose another subnet, or omit it to get a free one\n")

-- An address that is already in use; the gateway's address; a bridge that was not created by tinylua.
check.succeeds("run", "-d", "--name", "one", "--network", "a", "--ip", "10.40.0.7", "sleep", "60")
local function fails(words, text)
  local result = check.run(words)
  check.equal(result.status, 125)
  assert(result.err:find(text, 1, true), result.err)
end
fails(run("--network", "a", "--ip", "10.40.0.7", "true"), "10.40.0.7 in network a is used by container one")
fails(run("--network", "a", "--ip", "10.40.0.1", "true"), "10.40.0.1 is the gateway of network a")
check.succeeds("rm", "-f", "one")
local name = tiny.json_decode(check.succeeds("network", "inspect", "a"))[1].bridge
tiny.bridge(name)
fails(run("--network", "a", "true"), ("network a cannot be brought up: a link %s exists that tinylua did not create"):format(name))
tiny.link_del(name)
-- A subnet that the host uses by now.
tiny.addr_add("test0", "10.40.0.1/24")
fails(run("--network", "a", "true"), "network a cannot be brought up: the host has a route to 10.40.0.0/24 by test0")
tiny.link_del("test0")
check.equal(check.succeeds("network", "rm", "a"), "a\n")
check.no_container()
net.nothing_left()
