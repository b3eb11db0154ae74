-- The namespaces of a container: new, of another process by path, or those of the runtime (config-linux.md, "Namespaces").
-- covers: linux.namespaces.type linux.namespaces.path linux.uidMappings.containerID linux.uidMappings.hostID linux.uidMappings.size
-- covers: linux.gidMappings.containerID linux.gidMappings.hostID linux.gidMappings.size linux.timeOffsets.secs linux.timeOffsets.nanosecs
-- covers: linux.netDevices.name linux.sysctl
local check = require "check"
local oci = require "oci_bundle"

local FILES = { pid = "pid", network = "net", ipc = "ipc", uts = "uts", mount = "mnt", cgroup = "cgroup", time = "time", user = "user" }
local TIME = tiny.stat "/proc/self/ns/time" ~= nil
if not TIME then FILES.time = nil end

local function without(kind)
  return function(config)
    for i, space in ipairs(config.linux.namespaces) do
      if space.type == kind then table.remove(config.linux.namespaces, i) break end
    end
  end
end

local function inside(kind, change) return oci.output("readlink /proc/self/ns/" .. FILES[kind], change) end

-- A user namespace is needed only where there are id maps.
local MAPS = { { containerID = 0, hostID = 100000, size = 1000 }, { containerID = 1000, hostID = 200000, size = 10 } }
local function mapped(config, path)
  table.insert(config.linux.namespaces, { type = "user" })
  config.linux.uidMappings, config.linux.gidMappings = MAPS, MAPS
  -- The container's root must be able to search the bundle.
  tiny.chown(path .. "/rootfs", { uid = 100000, gid = 100000 })
end

-- Each kind: new, then that of a container by path, then the runtime's.
local path = oci.bundle("sleep 60", function(config, at)
  mapped(config, at)
  if TIME then table.insert(config.linux.namespaces, { type = "time" }) end
end)
oci.succeeds { "run", "--detach", "-b", path, "other" }
local pid = oci.state("other").pid
for kind, file in pairs(FILES) do
  local own, others = tiny.readlink("/proc/self/ns/" .. file), tiny.readlink(("/proc/%d/ns/%s"):format(pid, file))
  assert(own ~= others, kind .. ": a new one")
  local function joins(config, at)
    without(kind)(config)
    if kind == "user" then mapped(config, at) without "user"(config) config.linux.uidMappings, config.linux.gidMappings = nil, nil end
    table.insert(config.linux.namespaces, { type = kind, path = ("/proc/%d/ns/%s"):format(pid, file) })
  end
  -- A process cannot join a mount namespace of another container and have mounts of its own there; a namespace that belongs to
  -- another user namespace needs no more than root's capabilities.
  if kind ~= "mount" and kind ~= "user" then
    local result = oci.run { "run", "-b", oci.bundle("readlink /proc/self/ns/" .. file, joins), "c" }
    check.equal(result.out .. result.err, others .. "\n", kind .. " by path")
  end
  if kind ~= "mount" and kind ~= "uts" and kind ~= "user" and kind ~= "pid" then
    check.equal(inside(kind, without(kind)), own, kind .. " of the runtime")
  end
end
oci.succeeds { "delete", "-f", "other" }
check.equal(oci.output("readlink /proc/self/ns/uts", function(c) without "uts"(c) c.hostname = nil end), tiny.readlink "/proc/self/ns/uts")

oci.refused("linux.namespaces[0].type: it is missing", function(c) c.linux.namespaces[1].type = nil end)
oci.refused([[linux.namespaces[0].type: "pids" is not one of]], function(c) c.linux.namespaces[1].type = "pids" end)
oci.refused("linux.namespaces[6]: there are two namespaces of the type pid", function(c) table.insert(c.linux.namespaces,
  { type = "pid" }) end)
oci.refused("linux.namespaces[0].path: it must be an absolute path", function(c) c.linux.namespaces[1].path = "ns/pid" end)
oci.refused("linux.namespaces: network: /proc/self/ns/uts", function(c) c.linux.namespaces[2].path = "/proc/self/ns/uts" end)
oci.refused("linux.namespaces: network: /missing: ", function(c) c.linux.namespaces[2].path = "/missing" end)
oci.refused("hostname: the container has no UTS namespace of its own", without "uts")
oci.refused("domainname: the container has no UTS namespace of its own", function(c) without "uts"(c) c.hostname, c.domainname = nil,
  "x" end)

-- A user namespace: root of it is not root, and everything else works as before.
check.equal(oci.output("id -u; cat /proc/self/uid_map /proc/self/gid_map; cat /dev/null; echo x > /dev/null; ls /dev/pts; hostname; stat -c %u /etc/passwd /rootowned", function(config, at)
  mapped(config, at)
  tiny.write_file(at .. "/rootfs/rootowned", "x")
end):gsub(" +", " "), "0\n 0 100000 1000\n 1000 200000 10\n 0 100000 1000\n 1000 200000 10\nptmx\ntinylua\n65534\n65534")
check.equal(oci.output("id -u; id -G", function(config, at) mapped(config, at) config.process.user = { uid = 1005, gid = 999,
  additionalGids = { 5 } } end), "1005\n999 5")
oci.refused("process.user.uid: 5000 is not mapped", function(config, at) mapped(config, at) config.process.user = { uid = 5000,
  gid = 0 } end)
oci.refused("linux.uidMappings: a new user namespace needs id mappings", function(c) table.insert(c.linux.namespaces,
  { type = "user" }) end)
oci.refused("linux.uidMappings: there is no user namespace among linux.namespaces", function(c) c.linux.uidMappings = MAPS end)
oci.refused("linux.uidMappings[0].size: it is missing", function(c) c.linux.uidMappings = { { containerID = 0, hostID = 0 } } end)
oci.refused("linux.gidMappings[0].hostID: -1 is not between", function(c, at) mapped(c,
  at) c.linux.gidMappings = { { containerID = 0, hostID = -1, size = 1 } } end)

-- Clocks.
if TIME then
  local function timed(offsets)
    return function(config)
      table.insert(config.linux.namespaces, { type = "time" })
      config.linux.timeOffsets = offsets
    end
  end
  local shown = oci.output("cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime",
    timed { monotonic = { secs = 5000, nanosecs = 250 }, boottime = { secs = 86400, nanosecs = 7 } })
  check.equal(shown:gsub(" +", " "):match "^(.-\n.-)\n", "monotonic 5000 250\nboottime 86400 7")
  assert(tonumber(shown:match "(%d+)$") >= 86400, shown)
  oci.refused("linux.timeOffsets.realtime: the clocks are monotonic and boottime", timed { realtime = { secs = 1 } })
  oci.refused("linux.timeOffsets.monotonic.nanosecs: 1000000000 is not between 0 and 999999999",
    timed { monotonic = { nanosecs = 1000000000 } })
  oci.refused("linux.timeOffsets: they need a new time namespace", function(c) c.linux.timeOffsets = { monotonic = { secs = 1 } } end)
else
  oci.refused("linux.namespaces: this kernel has no time namespaces", function(c) table.insert(c.linux.namespaces, { type = "time" }) end)
end

-- Network devices move in, under a new name, and are up.
local function device(name, inner, change)
  return function(config, at)
    tiny.veth_pair({ name = name, addr = { "10.9.8.7/24", "fd00::7/64" } }, { name = name .. "-peer" }):keep()
    config.linux.netDevices = { [name] = { name = inner } }
    if change then change(config, at) end
  end
end
local shown = oci.output("ip addr show eth7", device("dev0", "eth7"))
assert(shown:match "eth7.*UP", shown)
check.equal(shown:match "inet (%S+)", "10.9.8.7/24", "it keeps its address")
assert(shown:match "fd00::7/64", shown)
-- Only permanent addresses of global scope, under a generated name for a template.
local function lasting(config, at)
  tiny.link_set("dev2", { up = true })
  for _, words in ipairs { { "10.9.9.1/24", "scope", "link" }, { "fd01::1/64", "valid_lft", "600", "preferred_lft", "600" } } do
    check.equal(check.start(function() tiny.exec { "ip", "addr", "add", "dev", "dev2", table.unpack(words) } end):wait(), 0)
  end
  config.linux.netDevices.dev3 = { name = "net%d" }
  tiny.veth_pair({ name = "dev3" }, { name = "dev3-peer" }):keep()
end
shown = oci.output("ip addr", device("dev2", "net%d", lasting))
assert(shown:match "net0.*UP" and shown:match "net1.*UP", shown)
assert(shown:match "10.9.8.7/24" and not shown:match "10.9.9.1" and not shown:match "fd01::1", shown)
-- A name that an existing namespace has is refused.
oci.refused("linux.netDevices.dev4: ", function(config, at)
  config.linux.netDevices = { dev4 = { name = "lo" } }
  tiny.veth_pair({ name = "dev4" }, { name = "dev4-peer" }):keep()
end)

shown = oci.output("ip addr show dev1", device("dev1", nil))
assert(shown:match "dev1.*UP", shown)
oci.refused("linux.netDevices.none: ", function(c) c.linux.netDevices = { none = {} } end)
oci.refused("linux.netDevices: the container has no network namespace of its own",
  function(c) without "network"(c) c.linux.netDevices = { lo = {} } end)
oci.refused([[linux.netDevices.lo: option "name": "a/b" is not a link name]],
  function(c) c.linux.netDevices = { lo = { name = "a/b" } } end)

-- Kernel parameters of the container's namespaces.
check.equal(oci.output("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni /proc/sys/fs/mqueue/queues_max", function(c)
  c.linux.sysctl = { ["net.ipv4.ip_forward"] = "1", ["kernel.shmmni"] = "77", ["fs.mqueue.queues_max"] = "33" }
end), "1\n77\n33")
check.equal(oci.output("cat /proc/sys/net/ipv4/conf/lo/forwarding",
  function(c) c.linux.sysctl = { ["net/ipv4/conf/lo/forwarding"] = "1" } end), "1")
oci.refused("linux.sysctl.vm.swappiness: it applies to the whole machine", function(c) c.linux.sysctl = { ["vm.swappiness"] = "1" } end)
oci.refused("linux.sysctl.kernel.hostname: use the field hostname", function(c) c.linux.sysctl = { ["kernel.hostname"] = "x" } end)
oci.refused("linux.sysctl.net.ipv4.ip_forward: the container has no network namespace of its own", function(c)
  without "network"(c)
  c.linux.sysctl = { ["net.ipv4.ip_forward"] = "1" }
end)
oci.refused("linux.sysctl.net.nothing: ", function(c) c.linux.sysctl = { ["net.nothing"] = "1" } end)
