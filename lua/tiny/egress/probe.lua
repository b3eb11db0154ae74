-- Whether this user can have containers with egress rules: tries what they need in new namespaces, which then vanish.
local base_rootless = require "tiny.base.rootless"

-- Everything that a fence consists of: sets of ranges and of pins with a timeout, marks of connections, logging, rejecting, the
-- question whether an address is the machine's own, and translation.
local function build()
  tiny.link_set("lo", { up = true })
  tiny.egress_fence("probe", { group = 1, mark = 1, ranges = { { cidr = "192.0.2.0/24", protocol = "tcp", first = 1, last = 2 } } }):keep()
  tiny.egress_link("probe", "lo", { addr = { "192.0.2.1", "2001:db8::1" } })
  tiny.egress_pin("probe", { { addr = "192.0.2.1", protocol = "udp", port = 53 } }, { seconds = 1 })
  tiny.nat({ from = "192.0.2.0/24", publish = { "80:192.0.2.1:80" } }):keep()
  tiny.sysctl("net.ipv4.ip_forward", "1"):keep()
  tiny.nflog(1):close()
end

-- Tries it; throws what fails.
local function try()
  local user <close> = base_rootless.is() and tiny.userns((base_rootless.own_maps())) or nil
  local netns <close> = tiny.netns { user = user }
  local child <close> = tiny.clone({ user = user, net = netns }, build)
  child:wait()
end

-- Why it cannot, or nil.
return function()
  local _, err = tiny.try(try)
  return err and (err.op and err.op .. ": " or "") .. err.message
end
