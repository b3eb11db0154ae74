-- Traffic shaping of a container's links: a rate in each direction and, if the kernel has netem, delay and loss. Both ends
-- of a veth pair are shaped, since the host's end sends what the container receives.
local traffic_shaping = {}

-- The burst that may pass at once, and the maximum time a packet waits.
local BURST, LATENCY = "256k", "50ms"

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

function traffic_shaping.check(spec)
  if not spec.networks then wrong("net_rate: the container has no network interface to limit", "add --network bridge") end
  if spec.net_loss and not (spec.net_loss >= 0 and spec.net_loss <= 1) then wrong(("net_loss: %s is not between 0 and 1"):format(spec.net_loss)) end
end

-- Applies the shaping to every link of the container.
function traffic_shaping.apply(ctx)
  local spec = ctx.spec
  local how = { rate = spec.net_rate, delay = spec.net_delay, loss = spec.net_loss }
  if not (how.delay or how.loss) then how.burst, how.latency = BURST, LATENCY end
  for _, entry in ipairs(ctx.networks) do
    tiny.qdisc_set(entry.link, how)
    how.netns = ctx.netns
    tiny.qdisc_set(entry.ifname, how)
    how.netns = nil
  end
end

return traffic_shaping
