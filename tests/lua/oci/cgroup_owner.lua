-- On cgroup v2, the container's user owns its cgroup if the configuration mounts that writable, in a cgroup namespace of its own
-- (config-linux.md, "Cgroup ownership").
local check = require "check"
local oci = require "oci_bundle"

for name in pairs(tiny.cgroup_of()) do
  if name ~= "unified" then check.skip("this machine has cgroup v1") end
end

local MAPS = { { containerID = 0, hostID = 100000, size = 65536 } }
local id = 0

-- The owners of the cgroup and of its files in a container with this configuration.
local function owners(change)
  id = id + 1
  local name = "c" .. id
  local path = oci.bundle("sleep 60", function(config, at)
    config.process.user = { uid = 1000, gid = 0 }
    config.linux.cgroupsPath = "/tinylua-oci/" .. name
    for _, mount in ipairs(config.mounts) do
      if mount.destination == "/sys/fs/cgroup" then mount.options = { "nosuid", "noexec", "nodev" } end
    end
    change(config, at)
  end)
  oci.succeeds { "run", "--detach", "-b", path, name }
  local folder = tiny.open_cgroup("tinylua-oci/" .. name).folders.unified
  local found = {}
  for _, file in ipairs { "", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "memory.max", "cgroup.freeze" } do
    found[file] = tiny.stat(folder .. "/" .. file).uid
  end
  check.equal(oci.succeeds({ "exec", name, "echo", "there" }).out, "there\n")
  oci.succeeds { "delete", "--force", name }
  return found
end

local function given(uid, found)
  for _, file in ipairs { "", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads" } do check.equal(found[file], uid, file) end
  for _, file in ipairs { "memory.max", "cgroup.freeze" } do check.equal(found[file], 0, file) end
end

given(1000, owners(function() end))
given(101000, owners(function(config, at)
  table.insert(config.linux.namespaces, { type = "user" })
  config.linux.uidMappings, config.linux.gidMappings = MAPS, MAPS
  tiny.chown(at .. "/rootfs", { uid = 100000, gid = 100000 })
end))
given(0, owners(function(config)
  for _, mount in ipairs(config.mounts) do
    if mount.destination == "/sys/fs/cgroup" then table.insert(mount.options, "ro") end
  end
end))
given(0, owners(function(config)
  for i, space in ipairs(config.linux.namespaces) do
    if space.type == "cgroup" then table.remove(config.linux.namespaces, i) break end
  end
end))
