-- Keeps a container's fence in the kernel. `nft flush ruleset`, for example by a reload of the host's firewall, removes the tables
-- of all programs; without its own, a container would be free.
local bridge = require "tiny.net.bridge"
local fence = require "tiny.egress.fence"
local store = require "tiny.net.store"

local guard = {}

-- Builds the fence again, then the tables of the container's networks, which keep it to its own addresses. Pins are lost, so
-- that names must be looked up again; accepted connections go on.
function guard.rebuild(k)
  fence.set(k, k.policy, true)
  for _, link in ipairs(k.links) do
    if link.port then tiny.egress_port(link.port):keep() end
    tiny.egress_link(k.id, link.link, { addr = link.addrs })
  end
  k.names, k.named, k.addrs_of = {}, 0, {}
  if k.resolver then k.resolver:send { op = "policy", rules = k.policy.rules } end
  local lock <close> = store.lock()
  local shared <close> = store.shared_lock()
  for _, entry in ipairs(k.networks or {}) do
    local network = store.load(entry.network)
    if network then bridge.up(network) end
  end
end

-- Whether the container runs. Its supervisor removes the fence of one that has ended, and that stays away.
local function runs(k)
  return k.process and #tiny.poll({ k.process }, 0) == 0
end

-- Watches for removals in the keeper's loop.
function guard.join(k)
  local watch = tiny.nft_watch()
  k.loop:on(watch, function()
    if not watch:changed() or not runs(k) then return end
    local _, err = tiny.try(tiny.egress_pins, k.id)
    if not err or err.code ~= "ENOENT" then return end
    local _, failed = tiny.try(guard.rebuild, k)
    local reason = failed and "its rules were removed, and cannot be restored: " .. tostring(failed) or "its rules were removed, and are restored"
    k.denials:report { reason = reason, by = "packet" }
  end)
end

return guard
