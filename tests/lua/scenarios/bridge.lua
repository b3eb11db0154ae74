-- run --net bridge: the container has its own address, reaches the gateway and a neighbor, and leaves nothing behind.
local check = require "check"

local show = "ip -4 -o addr show eth0 | grep -o 'inet [0-9./]*'; ip route | head -1"
if tiny.probe().network.nftables == false then check.skip("this kernel has no nftables") end
for _, tool in ipairs { "/sbin/ip", "/bin/busybox" } do
  if not tiny.stat(tool) then check.skip("needs " .. tool .. " in the view of the host") end
end
local first = check.run { "run", "-d", "--name", "one", "--net", "bridge", "sleep", "60" }
local id = first.out:sub(1, 12)
check.equal(first.err, "tinylua: net.ipv4.ip_forward is 1 while a container uses a network\n")
local seen = check.succeeds("run", "--rm", "--net", "isolated", "sh", "-c", show)
check.equal(seen, "inet 10.10.0.3/24\ndefault via 10.10.0.1 dev eth0 proto static \n")
local reach = check.succeeds("run", "--rm", "--net", "bridge", "--cap-add", "NET_RAW", "sh", "-c", "for a in 10.10.0.1 10.10.0.2; do busybox ping -c1 -W2 $a >/dev/null && echo $a; done")
check.equal(reach, "10.10.0.1\n10.10.0.2\n")
check.equal(tiny.sysctl("net.ipv4.ip_forward"), "1")
check.succeeds("stop", "-t", "0", id)
for _, link in ipairs(tiny.links()) do assert(link.name == "lo", "left: " .. link.name) end
check.equal(tiny.sysctl("net.ipv4.ip_forward"), "0", "forwarding afterwards")
-- The note appears only the first time.
local again = check.run { "run", "--rm", "--net", "bridge", "cat", "/proc/sys/net/ipv4/ip_forward" }
check.equal(again.err, "")
check.equal(again.status, 0)
