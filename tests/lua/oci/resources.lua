-- The limits of a container, as its cgroup has them, and how v1 limits become those of v2 (config-linux.md, "Control groups").
-- covers: linux.cgroupsPath linux.resources.memory.limit linux.resources.memory.reservation linux.resources.memory.swap
-- covers: linux.resources.memory.kernel linux.resources.memory.kernelTCP linux.resources.memory.swappiness
-- covers: linux.resources.memory.disableOOMKiller linux.resources.memory.useHierarchy linux.resources.memory.checkBeforeUpdate
-- covers: linux.resources.cpu.shares linux.resources.cpu.quota linux.resources.cpu.burst linux.resources.cpu.period
-- covers: linux.resources.cpu.realtimeRuntime linux.resources.cpu.realtimePeriod linux.resources.cpu.cpus linux.resources.cpu.mems
-- covers: linux.resources.cpu.idle linux.resources.pids.limit linux.resources.blockIO.weight linux.resources.blockIO.leafWeight
-- covers: linux.resources.blockIO.weightDevice.major linux.resources.blockIO.weightDevice.minor
-- covers: linux.resources.blockIO.weightDevice.weight linux.resources.blockIO.weightDevice.leafWeight
-- covers: linux.resources.blockIO.throttleReadBpsDevice.major linux.resources.blockIO.throttleReadBpsDevice.minor
-- covers: linux.resources.blockIO.throttleReadBpsDevice.rate linux.resources.blockIO.throttleWriteBpsDevice.major
-- covers: linux.resources.blockIO.throttleWriteBpsDevice.minor linux.resources.blockIO.throttleWriteBpsDevice.rate
-- covers: linux.resources.blockIO.throttleReadIOPSDevice.major linux.resources.blockIO.throttleReadIOPSDevice.minor
-- covers: linux.resources.blockIO.throttleReadIOPSDevice.rate linux.resources.blockIO.throttleWriteIOPSDevice.major
-- covers: linux.resources.blockIO.throttleWriteIOPSDevice.minor linux.resources.blockIO.throttleWriteIOPSDevice.rate
-- covers: linux.resources.hugepageLimits.pageSize linux.resources.hugepageLimits.limit linux.resources.network.classID
-- covers: linux.resources.network.priorities.name linux.resources.network.priorities.priority linux.resources.rdma.hcaHandles
-- covers: linux.resources.rdma.hcaObjects linux.resources.unified
local check = require "check"
local oci = require "oci_bundle"

local MEGA = 1024 * 1024
local versions = tiny.probe().cgroup.controllers

local function with(resources)
  return function(config) config.linux.resources, config.linux.cgroupsPath = resources, "/oci-tests/limits" end
end

local function files_of(names)
  local found, group = {}, tiny.open_cgroup "oci-tests/limits"
  for _, name in ipairs(names) do
    local text, err = tiny.try(tiny.cgroup_read, group, name)
    table.insert(found, text and text:gsub("%s+$", "") or err.code)
  end
  return table.concat(found, " | ")
end

-- The content of control files of a container with these resources; the controller's version decides which case is read.
local function limits(controller, resources, v1, v2)
  local case = versions[controller] == "v1" and v1 or versions[controller] == "v2" and v2 or nil
  if not case then return end
  local made = oci.run { "create", "-b", oci.bundle("true", with(resources)), "l" }
  if made.status ~= 0 then error(("%s: %s"):format(controller, made.err), 2) end
  local got = files_of(case[1])
  oci.succeeds { "delete", "--force", "l" }
  if type(case[2]) == "string" then check.equal(got, case[2], table.concat(case[1], " ")) else case[2](got) end
end

local function refused(text, resources) return oci.refused(text, with(resources)) end
-- A limit that one version of cgroups lacks.
local function lacks(controller, version, text, resources)
  if versions[controller] == version then refused("linux.resources." .. text, resources) end
end

-- Memory.
local swap = versions.memory == "v1" and tiny.stat "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes" ~= nil
limits("memory", { memory = { limit = 64 * MEGA, reservation = 32 * MEGA } },
  { { "memory.limit_in_bytes", "memory.soft_limit_in_bytes" }, "67108864 | 33554432" },
    { { "memory.max", "memory.low" }, "67108864 | 33554432" })
if swap or versions.memory == "v2" then
  limits("memory", { memory = { limit = 64 * MEGA, swap = 96 * MEGA } }, { { "memory.memsw.limit_in_bytes" }, "100663296" },
    { { "memory.swap.max" }, function(got) assert(got == "33554432" or got == "ENOENT", got) end })
  limits("memory", { memory = { limit = 64 * MEGA, swap = -1 } }, { { "memory.memsw.limit_in_bytes" },
    function(got) assert(tonumber(got) > 2 ^ 60, got) end },
    { { "memory.swap.max" }, function(got) assert(got == "max" or got == "ENOENT", got) end })
end
limits("memory", { memory = { limit = -1 } }, { { "memory.limit_in_bytes" }, function(got) assert(tonumber(got) > 2 ^ 60, got) end },
  { { "memory.max" }, "max" })
limits("memory", { memory = { limit = 64 * MEGA, swappiness = 17, disableOOMKiller = true, kernelTCP = 8 * MEGA, useHierarchy = true } },
  { { "memory.swappiness", "memory.oom_control", "memory.kmem.tcp.limit_in_bytes" },
    function(got) assert(got:match "^17 | oom_kill_disable 1.* | 8388608$", got) end })
-- Limits of kernel memory are gone from the kernel (Linux 5.16), and then refused by name.
if versions.memory == "v1" then
  local result = oci.run { "run", "-b", oci.bundle("true", with { memory = { kernel = 8 * MEGA } }), "c" }
  assert(result.status == 0 or result.err:find("linux.resources.memory.kernel: memory.kmem.limit_in_bytes = 8388608: ", 1, true),
    result.err)
end
for name, value in pairs { swappiness = 10, disableOOMKiller = true, kernel = MEGA, kernelTCP = MEGA } do
  lacks("memory", "v2", "memory." .. name .. ": cgroup v2 has no such control", { memory = { limit = 64 * MEGA, [name] = value } })
end
limits("memory", { memory = { limit = 64 * MEGA, kernel = -1, kernelTCP = 0, disableOOMKiller = false, useHierarchy = true,
  checkBeforeUpdate = true } },
  { { "memory.limit_in_bytes" }, "67108864" }, { { "memory.max" }, "67108864" })
refused("linux.resources.memory.swap: it is memory plus swap, and less than the memory limit",
  { memory = { limit = 64 * MEGA, swap = 32 * MEGA } })
refused("linux.resources.memory.swappiness: 101 is not between 0 and 100", { memory = { swappiness = 101 } })
refused("linux.resources.memory.useHierarchy: the kernel always counts", { memory = { useHierarchy = false } })
lacks("memory", "v2", "memory.swap: it is memory plus swap, and on cgroup v2 needs a memory limit", { memory = { swap = MEGA } })
-- A new limit below the usage is refused where that is asked for.
if versions.memory then
  local path = oci.bundle("head -c 16000000 /dev/zero > /dev/shm/x; echo ready; sleep 60", with { memory = { limit = 128 * MEGA } })
  local made = oci.succeeds { "run", "--detach", "-b", path, "l" }
  oci.eventually(function() return made.read() == "ready\n" end, "the memory is in use")
  oci.fails("linux.resources.memory.limit: 4194304 is less than the ", { "update", "--resources", "-", "l" },
    { input = tiny.json_encode { memory = { limit = 4 * MEGA, checkBeforeUpdate = true } } })
  check.equal(oci.state("l").status, "running")
  oci.succeeds { "delete", "--force", "l" }
end

-- CPU. 1024 shares, the default, are a weight of 100, also the default.
for shares, weight in pairs { [2] = "1", [512] = "59", [1024] = "100", [2048] = "174", [262144] = "10000" } do
  limits("cpu", { cpu = { shares = shares } }, { { "cpu.shares" }, tostring(shares) }, { { "cpu.weight" }, weight })
end
for _, section in ipairs(require "tiny.oci.limits") do
  if section.v2 == "cpu" then
    section.on_v2({ cpu = { shares = 1024 } }, function(_, file, value) check.equal(file .. value, "cpu.weight100", "on any host") end)
  end
end
limits("cpu", { cpu = { quota = 50000, period = 200000, burst = 10000 } },
  { { "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.cfs_burst_us" }, "50000 | 200000 | 10000" },
    { { "cpu.max", "cpu.max.burst" }, "50000 200000 | 10000" })
limits("cpu", { cpu = { quota = -1, period = 50000 } }, { { "cpu.cfs_quota_us", "cpu.cfs_period_us" }, "-1 | 50000" },
  { { "cpu.max" }, "max 50000" })
limits("cpu", { cpu = { period = 50000 } }, { { "cpu.cfs_period_us" }, "50000" }, { { "cpu.max" }, "max 50000" })
limits("cpu", { cpu = { idle = 1, shares = 512 } }, { { "cpu.idle" }, "1" }, { { "cpu.idle" }, "1" })
refused("linux.resources.cpu.idle: it is 0 or 1", { cpu = { idle = 2 } })
refused("linux.resources.cpu.burst: it is larger than the quota", { cpu = { quota = 10000, burst = 20000 } })
refused("linux.resources.cpu.shares: 262145 is not between", { cpu = { shares = 262145 } })
if versions.cpu then refused("linux.resources.cpu.quota: cpu.", { cpu = { quota = 5, period = 100000 } }) end
for _, name in ipairs { "realtimeRuntime", "realtimePeriod" } do
  lacks("cpu", "v2", ("cpu.%s: cgroup v2 has no such control"):format(name), { cpu = { [name] = 1000 } })
end
if versions.cpu == "v1" and tiny.stat "/sys/fs/cgroup/cpu/cpu.rt_runtime_us" then
  limits("cpu", { cpu = { realtimePeriod = 900000 } }, { { "cpu.rt_period_us" }, "900000" })
elseif versions.cpu == "v1" then
  refused("linux.resources.cpu.realtimePeriod: cpu.rt_period_us = 900000: the kernel has no such control",
    { cpu = { realtimePeriod = 900000 } })
  refused("linux.resources.cpu.realtimeRuntime: cpu.rt_runtime_us = 1000: the kernel has no such control",
    { cpu = { realtimeRuntime = 1000 } })
end
limits("cpuset", { cpu = { cpus = "0", mems = "0" } }, { { "cpuset.cpus", "cpuset.mems" }, "0 | 0" },
  { { "cpuset.cpus", "cpuset.mems" }, "0 | 0" })
if versions.cpuset then refused("linux.resources.cpu.cpus: cpuset.cpus = 4000: ", { cpu = { cpus = "4000" } })
else refused("linux.resources.cpu.cpus: this host has no controller cpuset for it", { cpu = { cpus = "0" } }) end

-- Processes.
limits("pids", { pids = { limit = 33 } }, { { "pids.max" }, "33" }, { { "pids.max" }, "33" })
limits("pids", { pids = { limit = -1 } }, { { "pids.max" }, "max" }, { { "pids.max" }, "max" })
limits("pids", { pids = { limit = 0 } }, { { "pids.max" }, "max" }, { { "pids.max" }, "max" })

-- Block I/O. A disk of this host, or the message that names what is missing.
local io = versions.io or versions.blkio
versions.io, versions.blkio = io, io
local disk
for _, name in ipairs(tiny.list_dir "/sys/block" or {}) do
  disk = disk or tiny.read_file(("/sys/block/%s/dev"):format(name)):match "%d+:%d+"
end
local major, minor = (disk or "7:0"):match "(%d+):(%d+)"
local function rate(value) return { { major = math.tointeger(tonumber(major)), minor = math.tointeger(tonumber(minor)), rate = value } } end
local THROTTLES = { throttleReadBpsDevice = "read_bps", throttleWriteBpsDevice = "write_bps", throttleReadIOPSDevice = "read_iops",
  throttleWriteIOPSDevice = "write_iops" }
if io and disk then
  for field, file in pairs(THROTTLES) do
    limits("io", { blockIO = { [field] = rate(1048576) } }, { { ("blkio.throttle.%s_device"):format(file) }, disk .. " 1048576" },
      { { "io.max" }, function(got) assert(got:find(disk, 1, true) and got:find("1048576", 1, true), got) end })
  end
end
for field, file in pairs(THROTTLES) do
  local result = refused(("linux.resources.blockIO.%s[0]"):format(field), { blockIO = { [field] = { { major = 999, minor = 99,
    rate = 1 } } } })
  assert(io and result.err:find(versions.io == "v1" and file or "io.max", 1, true) or result.err:find "this host has no controller blkio",
    result.err)
end
-- Weights need an I/O scheduler: either they are set, or the error names the field.
for name, resources in pairs {
  ["blockIO.weight: "] = { weight = 500 }, ["blockIO.leafWeight: "] = { leafWeight = 500 },
  ["blockIO.weightDevice[0].weight: "] = { weightDevice = { { major = rate(1)[1].major, minor = rate(1)[1].minor, weight = 400 } } },
  ["blockIO.weightDevice[0].leafWeight: "] = { weightDevice = { { major = rate(1)[1].major, minor = rate(1)[1].minor,
    leafWeight = 400 } } },
} do
  local result = oci.run { "create", "-b", oci.bundle("true", with { blockIO = resources }), "l" }
  if result.status == 0 then
    local got = files_of { "blkio.weight", "blkio.bfq.weight", "io.weight", "io.bfq.weight" }
    assert(got:find("500", 1, true) or got:find("4950", 1, true) or got:find("3940", 1, true) or got:find("400", 1, true), name .. got)
    oci.succeeds { "delete", "-f", "l" }
  else
    assert(result.err:find("linux.resources." .. name, 1, true), result.err)
    oci.nothing()
  end
end
refused("linux.resources.blockIO.weight: 5 is not between 10 and 1000", { blockIO = { weight = 5 } })
refused("linux.resources.blockIO.weightDevice[0]: it needs a weight or a leafWeight",
  { blockIO = { weightDevice = { { major = 8, minor = 0 } } } })

-- Huge pages.
local size = "2MB"
limits("hugetlb", { hugepageLimits = { { pageSize = size, limit = 4 * MEGA } } },
  { { "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.rsvd.limit_in_bytes" }, "4194304 | 4194304" },
    { { "hugetlb.2MB.max", "hugetlb.2MB.rsvd.max" }, "4194304 | 4194304" })
if versions.hugetlb then
  refused("linux.resources.hugepageLimits[0]: hugetlb.3MB.", { hugepageLimits = { { pageSize = "3MB", limit = 1 } } })
else
  refused("linux.resources.hugepageLimits[0]: this host has no controller hugetlb for it",
    { hugepageLimits = { { pageSize = size, limit = MEGA } } })
end
refused([[linux.resources.hugepageLimits[0].pageSize: "big" is not a size such as 2MB]],
  { hugepageLimits = { { pageSize = "big", limit = 1 } } })

-- Network and RDMA.
local network = { classID = { network = { classID = 1048577 } }, ["priorities[0]"] = { network = { priorities = { { name = "lo",
  priority = 3 } } } } }
for field, resources in pairs(network) do
  local controller = field == "classID" and "net_cls" or "net_prio"
  if versions[controller] then
    limits(controller, resources, { { field == "classID" and "net_cls.classid" or "net_prio.ifpriomap" },
      function(got) assert(got:find "1048577" or got:find "lo 3", got) end })
  else
    refused(("linux.resources.network.%s: this host has no controller %s for it"):format(field, controller), resources)
  end
end
if versions.rdma then refused("linux.resources.rdma.none: rdma.max = none hca_handle=3", { rdma = { none = { hcaHandles = 3 } } })
else refused("linux.resources.rdma.none: this host has no controller rdma for it", { rdma = { none = { hcaObjects = 3 } } }) end
refused("linux.resources.rdma.none: it needs hcaHandles or hcaObjects", { rdma = { none = {} } })

-- Files of cgroup v2 by name.
if versions.memory == "v2" then
  limits("memory", { unified = { ["memory.high"] = "50331648", ["memory.oom.group"] = "1" } }, nil,
    { { "memory.high", "memory.oom.group" }, "50331648 | 1" })
  limits("pids", { unified = { ["pids.max"] = "12" }, pids = { limit = 11 } }, nil, { { "pids.max" }, "12" })
  refused("linux.resources.unified.memory.nothing: memory.nothing = 1: the kernel has no such control",
    { unified = { ["memory.nothing"] = "1" } })
else
  refused("linux.resources.unified.memory.high: ", { unified = { ["memory.high"] = "1" } })
end
refused("linux.resources.unified.none.x: ", { unified = { ["none.x"] = "1" } })
refused("linux.resources.unified.a/b: it is not the name of a control file", { unified = { ["a/b"] = "1" } })

-- The path: absolute and relative ones, and the default.
local function path_of(path)
  local config = select(2, oci.bundle("true"))
  config.linux.cgroupsPath = path
  local at = oci.folder()
  oci.write(at, config)
  oci.succeeds { "create", "-b", at, "g" }
  local _, found = next(tiny.cgroup_of(tiny.pidfd_open(oci.state("g").pid)))
  oci.succeeds { "delete", "-f", "g" }
  check.equal(tiny.try(tiny.open_cgroup, found), nil, "it is removed")
  return found
end
check.equal(path_of "/oci-tests/one", "/oci-tests/one")
check.equal(path_of "oci-tests/two", "/oci-tests/two")
check.equal(path_of(nil), "/tinylua-oci/g")
oci.refused("linux.cgroupsPath: ", function(c) c.linux.cgroupsPath = "/a/../b" end)
tiny.try(tiny.cgroup_del, "oci-tests")
