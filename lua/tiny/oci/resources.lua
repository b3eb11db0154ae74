-- The limits of a configuration (linux.resources) as control files of cgroup v1 and v2 (config-linux.md, cgroups(7),
-- Documentation/admin-guide/cgroup-v2.rst).
local check = require "tiny.oci.check"

local resources = {}

local NOTHING = {}

function resources.check(asked)
  check.shape(asked, "linux.resources", require("tiny.oci.fields").resources)
  local memory, cpu = asked.memory or NOTHING, asked.cpu or NOTHING
  local at = "linux.resources."
  check.range(memory.swappiness, 0, 200, at .. "memory.swappiness")
  if cpu.idle and cpu.idle ~= 0 and cpu.idle ~= 1 then check.wrong(at .. "cpu.idle", "it is 0 or 1") end
  check.range(cpu.shares, 0, 262144, at .. "cpu.shares")
  if memory.limit and memory.swap and memory.swap > 0 and memory.limit > 0 and memory.swap < memory.limit then
    check.wrong(at .. "memory.swap", "it is memory plus swap, and less than the memory limit")
  end
  check.range((asked.blockIO or NOTHING).weight, 0, 1000, at .. "blockIO.weight")
  for i, rule in ipairs(asked.devices or NOTHING) do
    local where = at .. ("devices[%d]"):format(i - 1)
    if rule.type and not ("abcup"):find(rule.type, 1, true) then check.wrong(where .. ".type", ("%s is not one of a, b, c"):format(tiny.show(rule.type))) end
    if rule.access and rule.access:find("[^rwm]") then check.wrong(where .. ".access", ("%s may contain only r, w and m"):format(tiny.show(rule.access))) end
  end
  for name in pairs(asked.unified or NOTHING) do
    if not name:match("^[%w_]+%.[%w_.]+$") then check.wrong(at .. "unified." .. name, "it is not the name of a control file such as memory.high") end
  end
end

local function number(value) return ("%d"):format(value) end
local function or_max(value) return value < 0 and "max" or number(value) end

-- cpu.weight of cgroup v2 from cpu.shares of v1: [2, 262144] to [1, 10000].
local function weight_of(shares)
  return 1 + (math.max(2, math.min(shares, 262144)) - 2) * 9999 // 262142
end

-- Each list: { controller, file, value }, in the order in which they are written.
local function v2(asked)
  local files = {}
  local function put(controller, file, value) table.insert(files, { controller, file, value }) end
  local memory, cpu, io = asked.memory or NOTHING, asked.cpu or NOTHING, asked.blockIO or NOTHING
  if memory.limit and memory.limit ~= 0 then put("memory", "memory.max", or_max(memory.limit)) end
  if memory.swap and memory.swap ~= 0 then
    -- v1 counts memory plus swap.
    local swap = memory.swap < 0 and "max" or memory.limit and memory.limit > 0 and number(memory.swap - memory.limit)
    if not swap then check.wrong("linux.resources.memory.swap", "a swap limit needs a memory limit on cgroup v2") end
    put("memory", "memory.swap.max", swap)
  end
  if memory.reservation and memory.reservation ~= 0 then put("memory", "memory.low", or_max(memory.reservation)) end
  if cpu.shares and cpu.shares ~= 0 then put("cpu", "cpu.weight", number(weight_of(cpu.shares))) end
  if cpu.quota and cpu.quota ~= 0 or cpu.period and cpu.period ~= 0 then
    local quota = cpu.quota and cpu.quota > 0 and number(cpu.quota) or "max"
    put("cpu", "cpu.max", cpu.period and cpu.period > 0 and quota .. " " .. number(cpu.period) or quota)
  end
  if cpu.burst then put("cpu", "cpu.max.burst", number(cpu.burst)) end
  if cpu.idle then put("cpu", "cpu.idle", number(cpu.idle)) end
  if (cpu.cpus or "") ~= "" then put("cpuset", "cpuset.cpus", cpu.cpus) end
  if (cpu.mems or "") ~= "" then put("cpuset", "cpuset.mems", cpu.mems) end
  if cpu.realtimeRuntime and cpu.realtimeRuntime ~= 0 then check.wrong("linux.resources.cpu.realtimeRuntime", "cgroup v2 has no such limit") end
  local pids = (asked.pids or NOTHING).limit
  if pids and pids ~= 0 then put("pids", "pids.max", or_max(pids)) end
  if io.weight and io.weight ~= 0 then put("io", "io.weight", number(1 + (io.weight - 10) * 9999 // 990)) end
  for field, key in pairs { throttleReadBpsDevice = "rbps", throttleWriteBpsDevice = "wbps", throttleReadIOPSDevice = "riops", throttleWriteIOPSDevice = "wiops" } do
    for _, device in ipairs(io[field] or NOTHING) do
      put("io", "io.max", ("%d:%d %s=%s"):format(device.major, device.minor, key, device.rate == 0 and "max" or number(device.rate)))
    end
  end
  for _, page in ipairs(asked.hugepageLimits or NOTHING) do put("hugetlb", ("hugetlb.%s.max"):format(page.pageSize), number(page.limit)) end
  if (asked.network or NOTHING).classID and asked.network.classID ~= 0 then check.wrong("linux.resources.network.classID", "cgroup v2 has no such control") end
  return files
end

local function v1(asked)
  local files = {}
  local function put(controller, file, value) table.insert(files, { controller, file, value }) end
  local memory, cpu, io = asked.memory or NOTHING, asked.cpu or NOTHING, asked.blockIO or NOTHING
  if memory.limit and memory.limit ~= 0 then put("memory", "memory.limit_in_bytes", number(memory.limit)) end
  if memory.swap and memory.swap ~= 0 then put("memory", "memory.memsw.limit_in_bytes", number(memory.swap)) end
  if memory.reservation and memory.reservation ~= 0 then put("memory", "memory.soft_limit_in_bytes", number(memory.reservation)) end
  if memory.swappiness then put("memory", "memory.swappiness", number(memory.swappiness)) end
  if memory.disableOOMKiller then put("memory", "memory.oom_control", "1") end
  if cpu.shares and cpu.shares ~= 0 then put("cpu", "cpu.shares", number(math.max(2, cpu.shares))) end
  if cpu.period and cpu.period ~= 0 then put("cpu", "cpu.cfs_period_us", number(cpu.period)) end
  if cpu.quota and cpu.quota ~= 0 then put("cpu", "cpu.cfs_quota_us", number(cpu.quota)) end
  if cpu.burst then put("cpu", "cpu.cfs_burst_us", number(cpu.burst)) end
  if cpu.idle then put("cpu", "cpu.idle", number(cpu.idle)) end
  if cpu.realtimePeriod and cpu.realtimePeriod ~= 0 then put("cpu", "cpu.rt_period_us", number(cpu.realtimePeriod)) end
  if cpu.realtimeRuntime and cpu.realtimeRuntime ~= 0 then put("cpu", "cpu.rt_runtime_us", number(cpu.realtimeRuntime)) end
  if (cpu.cpus or "") ~= "" then put("cpuset", "cpuset.cpus", cpu.cpus) end
  if (cpu.mems or "") ~= "" then put("cpuset", "cpuset.mems", cpu.mems) end
  local pids = (asked.pids or NOTHING).limit
  if pids and pids ~= 0 then put("pids", "pids.max", or_max(pids)) end
  if io.weight and io.weight ~= 0 then put("blkio", "blkio.weight", number(io.weight)) end
  if io.leafWeight and io.leafWeight ~= 0 then put("blkio", "blkio.leaf_weight", number(io.leafWeight)) end
  for _, device in ipairs(io.weightDevice or NOTHING) do
    if device.weight then put("blkio", "blkio.weight_device", ("%d:%d %d"):format(device.major, device.minor, device.weight)) end
  end
  for field, key in pairs { throttleReadBpsDevice = "read_bps", throttleWriteBpsDevice = "write_bps", throttleReadIOPSDevice = "read_iops", throttleWriteIOPSDevice = "write_iops" } do
    for _, device in ipairs(io[field] or NOTHING) do
      put("blkio", ("blkio.throttle.%s_device"):format(key), ("%d:%d %d"):format(device.major, device.minor, device.rate))
    end
  end
  for _, page in ipairs(asked.hugepageLimits or NOTHING) do put("hugetlb", ("hugetlb.%s.limit_in_bytes"):format(page.pageSize), number(page.limit)) end
  local network = asked.network or NOTHING
  if network.classID and network.classID ~= 0 then put("net_cls", "net_cls.classid", number(network.classID)) end
  for _, one in ipairs(network.priorities or NOTHING) do put("net_prio", "net_prio.ifpriomap", ("%s %d"):format(one.name, one.priority)) end
  return files
end

-- The controllers that the limits need.
function resources.controllers(asked, version)
  local found, seen = {}, {}
  for _, one in ipairs((version == "v2" and v2 or v1)(asked)) do
    if not seen[one[1]] then table.insert(found, one[1]) end
    seen[one[1]] = true
  end
  return found
end

local function write(cgroup, one)
  local _, err = tiny.try(tiny.cgroup_write, cgroup, { [one[2]] = one[3] })
  if not err then return nil end
  err.message = ("linux.resources: %s = %s: %s"):format(one[2], one[3], err.message)
  return err
end

-- Writes the limits. A new limit may lie below or above an old one that must be changed first, so what is refused is tried again
-- after the others.
function resources.apply(cgroup, asked)
  local later, failed = {}, nil
  for _, one in ipairs((cgroup.version == "v2" and v2 or v1)(asked)) do
    local err = write(cgroup, one)
    -- A kernel without swap accounting: memory plus swap is then limited by memory alone, unless the limits differ.
    if err and one[2]:find("memsw", 1, true) and err.code == "ENOENT" and tonumber(one[3]) == 2 * ((asked.memory or NOTHING).limit or 0) then err = nil end
    if err then table.insert(later, one) end
  end
  for _, one in ipairs(later) do failed = write(cgroup, one) or failed end
  if failed then error(failed, 0) end
  if cgroup.version == "v1" and next(asked.unified or NOTHING) then
    check.wrong("linux.resources.unified", "this host has no cgroup v2 for it")
  end
  for _, name in ipairs(require "tiny.base.sorted_keys"(asked.unified or NOTHING)) do
    local err = write(cgroup, { nil, name, asked.unified[name] })
    if err then error(err, 0) end
  end
  for name, limits in pairs(asked.rdma or NOTHING) do
    tiny.cgroup_write(cgroup, { ["rdma.max"] = ("%s hca_handle=%s hca_object=%s"):format(name, limits.hcaHandles or "max", limits.hcaObjects or "max") })
  end
  if asked.devices and #asked.devices > 0 then tiny.set_device_rules(cgroup, require("tiny.oci.devices").rules(asked.devices)) end
end

return resources
