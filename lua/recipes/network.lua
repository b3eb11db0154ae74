-- network.lua: a network made of primitives: a bridge, a veth pair into a network namespace, and NAT.
-- Each `<close>` undoes its line at the end, even if a later line fails: nothing is left behind.

local function main()
  -- A bridge is a switch in the kernel. Its address is the gateway of everything connected to it.
  local br <close> = tiny.bridge("td0", { addr = "10.10.0.1/24" })

  -- A network namespace is a value: it can be configured before a process is in it.
  local web <close> = tiny.netns()

  -- A veth pair is a virtual cable. One end is attached to the bridge, the other is eth0 inside.
  tiny.veth_pair({ name = "veth-web", bridge = br },
    { name = "eth0", netns = web, addr = "10.10.0.2/24", gateway = "10.10.0.1" })
  tiny.link_set("lo", { netns = web, up = true })

  -- Packets that leave the subnet get the host's address, and port 8080 of the host is forwarded to port 80 inside.
  -- The kernel forwards packets between interfaces only if this is enabled.
  local forward <close> = tiny.sysctl("net.ipv4.ip_forward", 1)
  local nat <close> = tiny.nat { from = "10.10.0.0/24", publish = { "8080:10.10.0.2:80" } }

  -- A process in the namespace sees only its interfaces.
  local child <close> = tiny.clone({ net = web }, function()
    for _, link in ipairs(tiny.links()) do
      print(link.name, table.concat(link.addrs, " "))
    end
    -- The gateway answers. Use the ping that this machine has.
    tiny.exec { "/bin/sh", "-c", "exec $(command -v ping || echo busybox ping) -c 1 -W 2 10.10.0.1" }
  end)
  return child:wait()
end

if tiny.getuid() == 0 then return main() end
-- Without root, it happens in user and network namespaces of its own, instead of the host's.
local host <close> = tiny.clone({ user = true, net = true }, main)
return host:wait()
