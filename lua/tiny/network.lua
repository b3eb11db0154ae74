-- The network of a container: none (a loopback of its own), host, or bridge. Every choice that is
-- policy stands here: names, the address range, who gets which address.
local network = {}

local MODES = { none = true, host = true, bridge = true }

function network.check(spec)
  local mode = spec.network or "none"
  if mode == "isolated" then mode = "bridge" end
  if not MODES[mode] then
    tiny.fail { message = ("network: there is no network %q"):format(mode), hint = "it is one of none, host, bridge", exit = 125 }
  end
  spec.network = mode
end

function network.connect(ctx)
  if ctx.spec.network == "host" then return end
  ctx.netns = true
end

return network
