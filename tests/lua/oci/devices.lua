-- Device nodes of a container (config-linux.md, "Devices" and "Default Devices"), with and without a user namespace.
-- covers: linux.devices.type linux.devices.path linux.devices.major linux.devices.minor linux.devices.fileMode linux.devices.uid
-- covers: linux.devices.gid
local check = require "check"
local oci = require "oci_bundle"

local function with(...)
  local list = { ... }
  return function(config) config.linux.devices = list end
end
-- Type, owner, mode and number of a node.
local SHOW = "stat -c '%F %u:%g %a %t:%T' "
local function shown(path, ...) return oci.output(SHOW .. path, with(...)) end

local ZERO = { type = "c", path = "/dev/my/zero", major = 1, minor = 5, fileMode = tonumber("640", 8), uid = 7, gid = 8 }
check.equal(shown("/dev/my/zero", ZERO), "character special file 7:8 640 1:5")
check.equal(oci.output("head -c 3 /dev/second | wc -c", with { type = "c", path = "/dev/second", major = 1, minor = 5 }):match "%d", "3")
check.equal(shown("/dev/plain", { type = "c", path = "/dev/plain", major = 1, minor = 3 }), "character special file 0:0 666 1:3",
  "the default mode")
check.equal(shown("/opt/node", { type = "u", path = "/opt/node", major = 1, minor = 3, fileMode = 384 }),
  "character special file 0:0 600 1:3", "outside /dev")
check.equal(shown("/dev/disk", { type = "b", path = "/dev/disk", major = 7, minor = 200, fileMode = 432 }),
  "block special file 0:0 660 7:c8")
check.equal(shown("/dev/fifo", { type = "p", path = "/dev/fifo", fileMode = 420, uid = 3 }), "fifo 3:0 644 0:0")
check.equal(shown("/dev/typed", { type = "c", path = "/dev/typed", major = 1, minor = 3, fileMode = 8630 }),
  "character special file 0:0 666 1:3", "with the bits of the type")
-- The mode does not depend on the umask of the caller, and has more than permissions.
check.equal(shown("/dev/all", { type = "c", path = "/dev/all", major = 1, minor = 3, fileMode = 511 }),
  "character special file 0:0 777 1:3")

-- The default devices and links, in every container.
local DEFAULT = { null = "1:3", zero = "1:5", full = "1:7", random = "1:8", urandom = "1:9", tty = "5:0" }
for name, number in pairs(DEFAULT) do check.equal(shown("/dev/" .. name), "character special file 0:0 666 " .. number, name) end
check.equal(oci.output "for i in fd stdin stdout stderr ptmx; do echo $(readlink /dev/$i); done | tr '\\n' ' '",
  "/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx ")
-- One of them that the configuration lists too, as engines do, has what that says.
check.equal(shown("/dev/null", { type = "c", path = "/dev/null", major = 1, minor = 3, fileMode = tonumber("644", 8), uid = 5 }),
  "character special file 5:0 644 1:3")
-- A /dev of the host is not changed.
check.equal(oci.output("ls /dev/my 2>&1; true", function(config)
  for _, mount in ipairs(config.mounts) do
    if mount.destination == "/dev" then mount.type, mount.source, mount.options = "bind", "/dev", { "rbind", "rslave" } end
  end
end):match "No such file", "No such file")
check.equal(tiny.stat "/dev/my", nil)

oci.refused("linux.devices: /etc/passwd: ", with { type = "c", path = "/etc/passwd", major = 1, minor = 3 })
oci.refused("linux.devices[0]: major and minor are missing", with { type = "c", path = "/dev/x", major = 1 })
oci.refused("linux.devices[0].type: it is missing", with { path = "/dev/x", major = 1, minor = 3 })
oci.refused([[linux.devices[0].type: "x" is not one of c, b, u, p]], with { type = "x", path = "/dev/x", major = 1, minor = 3 })
oci.refused("linux.devices[0].path: it must be an absolute path without ..", with { type = "c", path = "dev/x", major = 1, minor = 3 })
oci.refused("linux.devices[0].path: it must be an absolute path without ..", with { type = "c", path = "/dev/../x", major = 1, minor = 3 })
oci.refused("linux.devices[0].fileMode: -1 is not between 0 and 4294967295", with { type = "p", path = "/dev/x", fileMode = -1 })
oci.refused("linux.devices[0].uid: -1 is not between", with { type = "p", path = "/dev/x", uid = -1 })

-- In a user namespace nodes cannot be created; the host's are bound.
local function mapped(...)
  local list = { ... }
  return function(config, path)
    table.insert(config.linux.namespaces, { type = "user" })
    config.linux.uidMappings = { { containerID = 0, hostID = 100000, size = 1000 } }
    config.linux.gidMappings, config.linux.devices = config.linux.uidMappings, list
    tiny.chown(path .. "/rootfs", { uid = 100000, gid = 100000 })
  end
end
check.equal(oci.output("echo x > /dev/null; head -c 2 /dev/zero | wc -c; stat -c %t:%T /dev/full /dev/tty | tr '\\n' ' '",
  mapped()):gsub("%s+", " "), "2 1:7 5:0 ")
check.equal(oci.output("stat -c %t:%T /dev/net/mine", mapped { type = "c", path = "/dev/net/mine", major = 1, minor = 9 }), "1:9",
  "found on the host by its number")
tiny.mknod("/dev/decoy", "char", { major = 1, minor = 5, mode = tonumber("666", 8) })
check.equal(oci.output("stat -c %t:%T /dev/decoy", mapped { type = "c", path = "/dev/decoy", major = 1, minor = 9 }), "1:9",
  "not what the host has at this path")
check.equal(oci.output("stat -c '%F %u %a' /dev/fifo", mapped { type = "p", path = "/dev/fifo", fileMode = 384, uid = 9 }), "fifo 9 600")
oci.refused("linux.devices: /dev/none: this host has no char device 250:250 to bind",
  mapped { type = "c", path = "/dev/none", major = 250, minor = 250 })

-- Without CAP_MKNOD the runtime binds the host's nodes.
local function without_mknod()
  local kept = {}
  for _, one in ipairs(tiny.caps().bounding) do
    if one ~= "CAP_MKNOD" then table.insert(kept, one) end
  end
  tiny.set_caps { bounding = kept, effective = kept, permitted = kept, inheritable = {}, ambient = {} }
end
check.equal(oci.output("grep -c ' /dev/null ' /proc/mounts; echo x > /dev/null; head -c 3 /dev/zero | wc -c", nil, { prepare = without_mknod }),
  "1\n3")
oci.refused("linux.devices: /dev/none: this host has no char device 250:250 to bind", function(config)
  config.linux.devices = { { path = "/dev/none", type = "c", major = 250, minor = 250 } }
end, { prepare = without_mknod })
