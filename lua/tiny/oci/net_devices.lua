-- Moves network devices of the host into the container (linux.netDevices). The network namespace is created before the container
-- only for that.
local check = require "tiny.oci.check"

-- The addresses of a device that it takes along. It loses all when it moves.
local function addresses(name)
  for _, link in ipairs(tiny.links()) do
    if link.name == name then return link.permanent_addrs or {} end
  end
  return {}
end

-- The name of a template such as "eth%d": the first that is unused.
local function named(netns, template)
  local stem = template:match "^([^%%]*)%%d$"
  if not stem then return template end
  local taken, number = {}, 0
  for _, link in ipairs(tiny.links { netns = netns }) do taken[link.name] = true end
  while taken[stem .. number] do number = number + 1 end
  return stem .. number
end

local function move(netns, name, inner)
  inner = named(netns, inner)
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
