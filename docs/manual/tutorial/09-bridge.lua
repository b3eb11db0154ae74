-- box, part 9: many containers on one bridge, NAT to the outside, and published ports.
local engine = require "08-network"

engine.options["-p"] = { key = "publish" }
engine.outside = { "cgroup", "address", "network" }

local BRIDGE, SUBNET, GATEWAY = "box0", "10.88.0.0/24", "10.88.0.1"

-- `network up` and `network down`. What all containers share outlives each of them: keep() preserves it.
function engine.commands.network(words)
  if words[1] == "down" then
    tiny.nat_del("box")
    tiny.try(tiny.publish_clear) -- the table of published ports, if there is one
    return tiny.link_del(BRIDGE)
  end
  tiny.bridge(BRIDGE, { addr = GATEWAY .. "/24" }):keep()
  -- Packets that leave the subnet get the address of the outgoing interface; replies are translated back.
  tiny.nat { name = "box", from = SUBNET }:keep()
  tiny.sysctl("net.ipv4.ip_forward", 1):keep()
  tiny.sysctl("net.ipv4.conf." .. BRIDGE .. ".route_localnet", 1):keep() -- for published ports at 127.0.0.1
end

-- The first address that no running container has. The lock is held until the choice is recorded.
function engine.step.address(c)
  if not c.net then return end
  local lock <close> = tiny.flock(engine.folder .. "/.addresses")
  local taken = {}
  for _, other in ipairs(engine.all()) do
    local status = engine.status(other)
    if other.state.ip and (status == "created" or status == "running") then taken[other.state.ip] = true end
  end
  local last = 2
  while taken["10.88.0." .. last] do last = last + 1 end
  if last > 254 then tiny.fail "box: every address is taken" end
  c.ip = "10.88.0." .. last
  engine.record(c, { ip = c.ip })
end

-- "8080:80" publishes port 80 of the container as port 8080 of the host.
function engine.port(c)
  local outer, inner = c.publish:match("^(%d+):(%d+)$")
  if not outer then tiny.fail { message = "box: -p takes HOST:CONTAINER", exit = 2 } end
  return ("%s:%s:%s"):format(outer, c.ip, inner)
end

function engine.connect(c)
  c.scope:add(tiny.veth_pair(
    { name = "box-" .. c.id:sub(1, 8), bridge = BRIDGE },
    { name = "eth0", netns = c.netns, addr = c.ip .. "/24", gateway = GATEWAY }))
  if c.publish then c.scope:add(tiny.publish(engine.port(c))) end
end

if type(...) == "table" then return engine.main(...) end
return engine
