-- The network of a container that asks for none. An image expects one, as in docker and podman, and a published port needs
-- one; a command in a view of the host or in a directory gets none. To change this, copy this module with
-- `tinylua eject tiny.net.default_network` and edit the copy.
local default_network = {}

-- By what a container runs: an image, a directory, or a view of the host.
default_network.NETWORKS = { image = "bridge", rootfs = "none", host = "none" }

-- Why an unprivileged user's container cannot have this network; nil if it can.
local function lack(name)
  if name == "none" or name == "host" or not require("tiny.base.rootless").is() then return nil end
  local rootless = require "tiny.net.rootless"
  local found = false
  for _, program in ipairs(rootless.PROGRAMS) do found = found or rootless.find(program) ~= nil end
  if not found then return "neither pasta nor slirp4netns is in PATH; the package passt or slirp4netns has them" end
  local tun = rootless.no_tun()
  return tun and ("%s; %s"):format(tun, rootless.TUN_HINT)
end

-- The network for this spec, which has none, and the reason.
function default_network.choose(spec)
  if spec.publish and spec.publish[1] or spec.publish_all then return "bridge", "it publishes ports" end
  if spec.egress and spec.egress[1] ~= "none" or spec.on_connect or spec.egress_learn then return "bridge", "it has egress rules" end
  local what = spec.image and "image" or spec.rootfs and "rootfs" or "host"
  local name = default_network.NETWORKS[what]
  local why = lack(name)
  -- Without published ports it may not need a network.
  if why then
    require("tiny.format").note("the container has no network: %s", why)
    return "none", why
  end
  return name, what == "image" and "it runs an image" or "it runs no image, and publishes no ports"
end

return default_network
