-- How fast and how well a container's cables carry: a rate in each direction, and where the kernel has
-- netem a delay and losses. Both ends of a cable are shaped: what the host's end sends is what the
-- container receives.
local shape = {}

-- How much may pass at once, and how long a packet waits for its turn at most.
local BURST, LATENCY = "256k", "50ms"

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

function shape.check(spec)
  if not spec.networks then wrong("net_rate: the container has no cable whose rate could be set", "add --network bridge") end
  if spec.net_rate and (spec.net_delay or spec.net_loss) then
    wrong("net_rate goes with neither net_delay nor net_loss", "the kernel has one queue discipline at the end of a cable")
  end
  if spec.net_loss and not (spec.net_loss >= 0 and spec.net_loss <= 1) then wrong(("net_loss: %s is not from 0 to 1"):format(spec.net_loss)) end
end

-- Shapes every cable of the container.
function shape.apply(ctx)
  local spec = ctx.spec
  local how = spec.net_rate and { rate = spec.net_rate, burst = BURST, latency = LATENCY } or { delay = spec.net_delay, loss = spec.net_loss }
  for _, entry in ipairs(ctx.networks) do
    tiny.qdisc_set(entry.link, how)
    how.netns = ctx.netns
    tiny.qdisc_set(entry.ifname, how)
    how.netns = nil
  end
end

return shape
