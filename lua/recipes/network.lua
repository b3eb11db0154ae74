-- network.lua: a network by hand. A switch, a cable into a namespace of its own, and NAT.
-- Each `<close>` undoes its line at the end, also when a later line fails: nothing stays behind.

-- A bridge is a switch in the kernel. Its address is the gateway of all that is plugged into it.
local br <close> = tiny.bridge("td0", { addr = "10.10.0.1/24" })

-- A network namespace is a value: it can be wired before any process lives in it.
local web <close> = tiny.netns()

-- A veth pair is a cable. One end goes into the switch, the other is eth0 inside.
tiny.veth_pair({ name = "veth-web", bridge = br },
  { name = "eth0", netns = web, addr = "10.10.0.2/24", gateway = "10.10.0.1" })
tiny.link_set("lo", { netns = web, up = true })

-- What leaves the subnet gets the host's address, and the host's port 8080 leads to port 80 inside.
-- The kernel forwards packets between links only when it is told to.
local forward <close> = tiny.sysctl("net.ipv4.ip_forward", 1)
local nat <close> = tiny.nat { from = "10.10.0.0/24", publish = { "8080:10.10.0.2:80" } }

-- A process that is born in the namespace sees its links and nothing else.
local child <close> = tiny.clone({ net = web }, function()
  for _, link in ipairs(tiny.links()) do
    print(link.name, table.concat(link.addrs, " "))
  end
  -- The gateway answers: whichever ping this machine has.
  tiny.exec { "/bin/sh", "-c", "exec $(command -v ping || echo busybox ping) -c 1 -W 2 10.10.0.1" }
end)
return child:wait()
