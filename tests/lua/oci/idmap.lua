-- Idmapped mounts, and bind mounts in a user namespace (config.md, "Mounts").
-- covers: mounts.uidMappings.containerID mounts.uidMappings.hostID mounts.uidMappings.size mounts.gidMappings.containerID
-- covers: mounts.gidMappings.hostID mounts.gidMappings.size
local check = require "check"
local oci = require "oci_bundle"

local MAPS = { { containerID = 0, hostID = 100000, size = 1000 } }
local OTHER = { { containerID = 0, hostID = 100005, size = 10 } }

-- The source cannot be searched by root of the user namespace, and has a mount of its own.
tiny.mkdir("/tmp/private", { mode = tonumber("700", 8) })
tiny.mkdir "/tmp/private/data"
tiny.mkdir "/tmp/private/data/below"
tiny.mount_filesystem("/tmp/private/data/below", { type = "tmpfs" }):keep()
for _, folder in ipairs { "", "/below" } do
  tiny.write_file("/tmp/private/data" .. folder .. "/file", "content", { mode = tonumber("644", 8) })
  tiny.chown("/tmp/private/data" .. folder .. "/file", { uid = 3, gid = 4 })
end

local function with(mount, user)
  return function(config, path)
    if user then
      table.insert(config.linux.namespaces, { type = "user" })
      config.linux.uidMappings, config.linux.gidMappings = MAPS, MAPS
      tiny.chown(path .. "/rootfs", { uid = 100000, gid = 100000 })
    end
    mount.destination, mount.source, mount.type = "/data", "/tmp/private/data", "bind"
    table.insert(config.mounts, mount)
  end
end
local BOTH = "stat -c %u:%g /data/file /data/below/file 2> /dev/null; true"
local function owners(mount, user) return (oci.output(BOTH, with(mount, user)):gsub("\n", " ")) end

-- Without a map the owners are those of the host, which the namespace does not know.
check.equal(owners({ options = { "rbind" } }, true), "65534:65534 65534:65534")
check.equal(oci.output("cat /data/file; touch /data/x 2>&1; true", with({ options = { "bind", "ro" } }, true)),
  "contenttouch: /data/x: Read-only file system")

-- What the container mounts in a mount that the host shares is not seen by the host.
tiny.mount_propagation("/tmp/private/data/below", "shared")
tiny.mkdir "/tmp/private/data/below/inner"
do
  local path = oci.bundle("mount -t tmpfs none /data/below/inner && echo mounted; sleep 60; true", function(config, at)
    local caps = { "CAP_SYS_ADMIN" }
    config.process.capabilities = { bounding = caps, permitted = caps, effective = caps }
    with({ options = { "rbind" } }, true)(config, at)
  end)
  tiny.chown("/tmp/private/data/below/inner", { uid = 100000, gid = 100000 })
  local made = oci.succeeds { "run", "--detach", "-b", path, "p" }
  oci.eventually(function() return made.read() == "mounted\n" end, "mounted")
  check.equal(check.mount_at "/tmp/private/data/below/inner", nil)
  oci.succeeds { "delete", "-f", "p" }
end

local own <close> = tiny.userns { uid_map = { { 0, 700000, 10 } }, gid_map = { { 0, 700000, 10 } } }
local able = tiny.try(tiny.mount_copy, "/tmp/private/data", { idmap = own })
if not able then check.skip "no idmapped mounts of this file system" end
able:close()

-- As the container maps its ids, of the mount itself or of those below it too.
check.equal(owners({ options = { "bind", "idmap" } }, true), "3:4")
check.equal(owners({ options = { "rbind", "idmap" } }, true), "3:4 65534:65534")
check.equal(owners({ options = { "rbind", "ridmap" } }, true), "3:4 3:4")
-- By maps of its own: uid 3 of the file is 100003 of the host, which the container calls 3.
check.equal(owners({ options = { "rbind", "ridmap" }, uidMappings = MAPS, gidMappings = MAPS }, true), "3:4 3:4")
check.equal(owners({ options = { "bind" }, uidMappings = MAPS, gidMappings = MAPS }, true), "3:4")
check.equal(owners({ options = { "bind" }, uidMappings = OTHER, gidMappings = OTHER }, true), "8:9")
-- Without a user namespace of the container.
check.equal(owners({ options = { "bind", "idmap" }, uidMappings = MAPS, gidMappings = MAPS }, false), "100003:100004")
-- What root of the namespace creates belongs to root of the host's file.
check.equal(oci.output("touch /data/made; stat -c %u /data/made", with({ options = { "bind", "idmap" } }, true)), "0")
check.equal(tiny.stat("/tmp/private/data/made").uid, 0)

local at = "mounts[7]"
oci.refused(at .. ": an idmapped mount needs both uidMappings and gidMappings", with { options = { "bind" }, uidMappings = MAPS })
oci.refused(at .. ".options: idmap needs uidMappings and gidMappings, or a user namespace of the container",
  with { options = { "bind", "idmap" } })
oci.refused(at .. ".uidMappings[0].size: 0 is not between 1 and 4294967295", with { options = { "bind" },
  uidMappings = { { containerID = 0, hostID = 0, size = 0 } }, gidMappings = MAPS })
oci.refused(at .. ": only a bind mount can be idmapped", function(config)
  table.insert(config.mounts, { destination = "/x", type = "tmpfs", source = "tmpfs", uidMappings = MAPS, gidMappings = MAPS })
end)
oci.refused(at .. ": /data: ", function(config)
  table.insert(config.mounts, { destination = "/data", type = "bind", source = "/proc", options = { "bind", "idmap" }, uidMappings = MAPS,
    gidMappings = MAPS })
end)
