-- What brings the tables of networks back while containers use them: `nft flush ruleset`, such as by a reload of the
-- host's firewall, takes them away. Without its pin a container can send nothing, and without the others it is open to
-- everybody. The next container that starts restores them for all of its root, under the networks' lock.
local lease = require "tiny.net.ipam"
local pin = require "tiny.net.pin"
local ports = require "tiny.net.ports"
local state = require "tiny.store.state"

local restore = {}

-- Pins the cables of all containers again; those that are there stay as they are.
local function pin_all(containers)
  for _, container in ipairs(containers) do
    for _, entry in ipairs(container.state.networks) do
      -- A container that leaves loses its cable first, then its pin.
      if tiny.stat("/proc/sys/net/ipv4/conf/" .. entry.link) then pin.restore(entry) end
    end
  end
end

-- With a table for published ports there is nothing to do: a port that is in it must not be given twice.
local function publish_all(containers, present)
  if present["inet tiny-publish"] then return end
  for _, container in ipairs(containers) do ports.restore(container) end
end

-- present: the tables that are there. Containers are read as they are on disk: looking after one that lost its supervisor
-- would wait for the networks' lock, which is held here.
function restore.containers(present)
  local running = {}
  for _, id in ipairs(tiny.list_dir(state.roots() .. "/containers") or {}) do
    local container = #id == 12 and lease.held(id) and state.load(id)
    local now = container and not container.damage and container.state
    if now and now.networks and now.boot_id == tiny.boot_id() then table.insert(running, container) end
  end
  pin_all(running)
  publish_all(running, present)
end

return restore
