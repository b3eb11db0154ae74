-- A namespace behind a bridge and one beyond this machine, for the tests of the primitives of egress fences.
local sockets = require "sockets"

local fenced = { ADDR = "10.10.0.2", ADDR6 = "fd10::2", FAR = "198.51.100.7", FAR6 = "2001:db8::7" }

-- Builds both; returns the namespaces.
function fenced.up()
  sockets.needed()
  local near, far = tiny.netns(), tiny.netns()
  tiny.bridge("td0", { addr = { "10.10.0.1/24", "fd10::1/64" }, nodad = true }):keep()
  tiny.veth_pair({ name = "near0", bridge = "td0" }, { name = "eth0", netns = near, addr = { fenced.ADDR .. "/24", fenced.ADDR6 .. "/64" }, nodad = true, gateway = { "10.10.0.1", "fd10::1" } }):keep()
  tiny.veth_pair({ name = "far0", addr = { "198.51.100.1/24", "2001:db8::1/64" }, nodad = true },
    { name = "eth0", netns = far, addr = { fenced.FAR .. "/24", "198.51.100.8/24", fenced.FAR6 .. "/64" }, nodad = true, gateway = { "198.51.100.1", "2001:db8::1" } }):keep()
  tiny.sysctl("net.ipv4.ip_forward", 1):keep()
  tiny.sysctl("net.ipv6.conf.all.forwarding", 1):keep()
  fenced.near, fenced.far = near, far
  for _ = 1, 30 do
    if fenced.connects(fenced.FAR6, 9) == "ok" then break end
  end
  return near, far
end

-- Whether a connection from the near namespace to this address in the far one is established: "ok", or the error's code.
function fenced.connects(addr, port)
  local six = addr:find(":", 1, true)
  local listener <close> = tiny.tcp_listen((six and "[::]:%d" or "0.0.0.0:%d"):format(port), { netns = fenced.far })
  local stream, err = tiny.try(tiny.tcp_connect, (six and "[%s]:%d" or "%s:%d"):format(addr, port), { netns = fenced.near, timeout = "1s" })
  if stream then stream:close() end
  return stream and "ok" or err.code
end

return fenced
