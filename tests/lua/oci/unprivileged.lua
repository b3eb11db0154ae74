-- The runtime called by an unprivileged user: a user namespace of the user's own id, or of the user's subordinate ids.
local check = require "check"
local oci = require "oci_bundle"
local ordinary = require "ordinary"

ordinary.make()
local uid = ordinary.uid

local function mapped(maps, change)
  return function(config, path)
    table.insert(config.linux.namespaces, { type = "user" })
    config.linux.uidMappings, config.linux.gidMappings = maps, maps
    config.linux.resources = nil
    tiny.chown(path .. "/rootfs", { uid = uid, gid = uid })
    if change then change(config, path) end
  end
end
local ALONE = { { containerID = 0, hostID = uid, size = 1 } }

-- Everything of a plain container.
check.equal(oci.output("id -u; hostname; cat /proc/1/comm; echo x > /dev/null; touch /made && stat -c %u /made; ls /sys/class/net",
  mapped(ALONE)):gsub("\n", " "), "0 tinylua sh 0 lo")
check.equal(oci.output("readlink /proc/self/ns/user", mapped(ALONE)) ~= tiny.readlink "/proc/self/ns/user", true)

-- Its life: created, started, a second program, signals, deletion.
local path = oci.bundle("trap 'echo term; exit 5' TERM; echo up; while :; do sleep 0.1; done", mapped(ALONE))
local made = oci.succeeds { "create", "-b", path, "--pid-file", ordinary.home .. "/pid", "u" }
check.equal(oci.state("u").status, "created")
check.equal(tonumber(tiny.read_file(ordinary.home .. "/pid")), oci.state("u").pid)
check.equal(tiny.stat("/proc/" .. oci.state("u").pid).uid, uid)
oci.succeeds { "start", "u" }
oci.eventually(function() return made.read() == "up\n" end, "the output")
check.equal(oci.succeeds({ "exec", "u", "sh", "-c", "id -u; cat /proc/1/comm" }).out, "0\nsh\n")
check.equal(#tiny.json_decode(oci.succeeds({ "ps", "-f", "json", "u" }).out) >= 1, true)
check.equal(oci.succeeds({ "list", "-q" }).out, "u\n")
oci.succeeds { "kill", "u", "TERM" }
oci.eventually(function() return oci.state("u").status == "stopped" end, "stopped")
check.equal(made.read(), "up\nterm\n")
oci.succeeds { "delete", "u" }

-- Bind mounts, read-only root, a program that does not exist.
tiny.mkdir(ordinary.home .. "/data")
tiny.write_file(ordinary.home .. "/data/file", "of the user", { mode = tonumber("644", 8) })
check.equal(oci.output("cat /data/file; touch /data/x 2>&1; touch /x 2>&1; true", mapped(ALONE, function(config)
  config.root.readonly = true
  table.insert(config.mounts, { destination = "/data", source = ordinary.home .. "/data", options = { "rbind", "ro" } })
end)), "of the usertouch: /data/x: Read-only file system\ntouch: /x: Read-only file system")
oci.refused([[exec "missing": executable file not found in $PATH]], mapped(ALONE, function(config) config.process.args = { "missing" } end))

-- What the user may not do is refused: limits without a cgroup of one's own, unless the caller does without.
local function limited(config) config.linux.resources, config.linux.cgroupsPath = { pids = { limit = 9 },
  memory = { disableOOMKiller = false } }, "/of-root/c" end
oci.refused("linux.resources.pids.limit: this user has no cgroup that could have the limit", mapped(ALONE, limited))
local result = oci.succeeds { "--rootless=true", "run", "-b", (oci.bundle("echo ran", mapped(ALONE, limited))), "c" }
check.equal(result.out, "ran\n")
oci.refused("", mapped { { containerID = 0, hostID = 0, size = 1 } })

-- Ranges of /etc/subuid, with newuidmap(1).
if tiny.try(tiny.userns_helper, "newuidmap") then
  local range = { { containerID = 0, hostID = uid, size = 1 }, { containerID = 1, hostID = 3000000, size = 65536 } }
  check.equal(oci.output("id -u; id -g; id -G", mapped(range, function(config) config.process.user = { uid = 1000, gid = 1001,
    additionalGids = { 7 } } end)), "1000\n1001\n1001 7")
end
oci.nothing()
