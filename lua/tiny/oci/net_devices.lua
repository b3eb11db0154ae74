-- Moves network devices of the host into the container (linux.netDevices). The network namespace is created before the container
-- only for that.
local check = require "tiny.oci.check"

-- The addresses of a device, which it loses when it moves. The kernel creates those of the link itself again.
local function addresses(name)
  local found = {}
  for _, link in ipairs(tiny.links()) do
    for _, address in ipairs(link.name == name and link.addrs or {}) do
      if not address:match "^fe[89ab]" then table.insert(found, address) end
    end
  end
  return found
end

local function move(netns, name, inner)
  local kept = addresses(name)
  tiny.link_set(name, { move_to = netns, name = inner, up = true })
  for _, address in ipairs(kept) do tiny.addr_add(inner, address, { netns = netns }):keep() end
end

return function(ctx)
  local devices, space = ctx.config.linux.netDevices, ctx.config.spaces.network
  if not devices or not next(devices) then return end
  if not space then check.wrong("linux.netDevices", "the container has no network namespace of its own") end
  ctx.netns = space.path and check.named("linux.namespaces: network: " .. space.path, tiny.open_ns, "net", space.path)
    or tiny.netns { user = ctx.userns }
  for _, name in ipairs(require "tiny.base.sorted_keys"(devices)) do
    local inner = devices[name].name
    check.named("linux.netDevices." .. name, move, ctx.netns, name, inner ~= "" and inner or name)
  end
end
