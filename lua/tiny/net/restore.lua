-- Restores the networks' tables while containers use them. `nft flush ruleset`, for example by a reload of the host's
-- firewall, removes them: without its pin a container cannot send, and without the other tables it is unprotected. The next
-- container to start restores the tables of its state root, under the networks' lock.
local ipam = require "tiny.net.ipam"
local pin = require "tiny.net.pin"
local ports = require "tiny.net.ports"
local state = require "tiny.store.state"

local restore = {}

-- Pins the links of all containers again; existing pins stay unchanged.
local function pin_all(containers)
  for _, container in ipairs(containers) do
    for _, entry in ipairs(container.state.networks) do
      -- A container that is leaving loses its link first, then its pin.
      if tiny.stat("/proc/sys/net/ipv4/conf/" .. entry.link) then pin.restore(entry) end
    end
  end
end

-- Does nothing if the table of published ports exists, since its ports must not be added twice.
local function publish_all(containers, present)
  if present["inet tiny-publish"] then return end
  for _, container in ipairs(containers) do ports.restore(container) end
end

-- present: the tables that exist. Containers are read from disk without recovering those that lost their supervisor, since
-- recovery would wait for the networks' lock, which is held here.
function restore.containers(present)
  local running = {}
  for _, id in ipairs(tiny.list_dir(state.roots() .. "/containers") or {}) do
    local container = #id == 12 and ipam.held(id) and state.load(id)
    local now = container and not container.damage and container.state
    if now and now.networks and now.boot_id == tiny.boot_id() then table.insert(running, container) end
  end
  pin_all(running)
  publish_all(running, present)
end

return restore
