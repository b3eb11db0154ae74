-- The limits of a configuration (linux.resources) as control files of cgroup v1 and v2: config-linux.md, cgroups(7),
-- Documentation/admin-guide/cgroup-v2.rst and cgroup-v1. Each section is for one controller, which a host has in one of the two.
-- A section calls put(field, file, value, options) for each file; options: `or_file` and `or_value`, another file for kernels that have
-- the first one not; `optional`, no file is no error.
local check = require "tiny.oci.check"

local NOTHING = {}

local function number(value) return ("%d"):format(value) end

-- Unlimited is any negative number, and 2^63 or more, which JSON decoders read as a float.
local function or_word(value, word) return (value < 0 or value >= 2 ^ 63) and word or number(value) end
local function or_max(value) return or_word(value, "max") end

local function is_set(value) return value and value ~= 0 end

local function refuse(field, why) check.wrong("linux.resources." .. field, why or "cgroup v2 has no such control") end

-- cpu.weight of cgroup v2 from cpu.shares of v1. 2 is 1, 1024, the default, is 100, and 262144 is 10000; between them the exponents lie
-- on a parabola, as in runc since 1.4 and crun since 1.24.
local function cpu_weight(shares)
  if shares <= 2 then return 1 end
  if shares >= 262144 then return 10000 end
  local l = math.log(shares, 2)
  return math.ceil(10 ^ ((l * l + 125 * l) / 612 - 7 / 34))
end

-- io.weight of cgroup v2, [1, 10000], from blkio.weight of v1, [10, 1000].
local function io_weight(weight) return 1 + (weight - 10) * 9999 // 990 end

local THROTTLES = {
  { "throttleReadBpsDevice", "rbps", "read_bps" }, { "throttleWriteBpsDevice", "wbps", "write_bps" },
  { "throttleReadIOPSDevice", "riops", "read_iops" }, { "throttleWriteIOPSDevice", "wiops", "write_iops" },
}

local function rdma(asked, put)
  for _, name in ipairs(require "tiny.base.sorted_keys"(asked.rdma or NOTHING)) do
    local limits, words = asked.rdma[name], { name }
    if limits.hcaHandles then table.insert(words, "hca_handle=" .. number(limits.hcaHandles)) end
    if limits.hcaObjects then table.insert(words, "hca_object=" .. number(limits.hcaObjects)) end
    put("rdma." .. name, "rdma.max", table.concat(words, " "))
  end
end

-- The sections in the order in which they are written: the field, the names of the controller on v1 and v2, and what writes it there.
local sections = {}

local function section(field, v1, v2, on_v1, on_v2)
  table.insert(sections, { field = field, v1 = v1, v2 = v2, on_v1 = on_v1, on_v2 = on_v2 })
end

section("memory", "memory", "memory", function(asked, put)
  local memory = asked.memory or NOTHING
  -- Without a limit of memory there is none of memory plus swap.
  local swap = memory.swap or memory.limit and memory.limit < 0 and -1 or nil
  if is_set(memory.limit) then put("memory.limit", "memory.limit_in_bytes", number(memory.limit)) end
  if is_set(swap) then
    -- A kernel without swap accounting limits memory plus swap by memory alone, which an engine's default, twice the memory, may be.
    put("memory.swap", "memory.memsw.limit_in_bytes", number(swap), { optional = swap == 2 * (memory.limit or 0) or swap < 0 })
  end
  if is_set(memory.reservation) then put("memory.reservation", "memory.soft_limit_in_bytes", number(memory.reservation)) end
  if memory.kernel and memory.kernel > 0 then put("memory.kernel", "memory.kmem.limit_in_bytes", number(memory.kernel)) end
  if memory.kernelTCP and memory.kernelTCP > 0 then put("memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes", number(memory.kernelTCP)) end
  if memory.swappiness then put("memory.swappiness", "memory.swappiness", number(memory.swappiness)) end
  if memory.disableOOMKiller ~= nil then put("memory.disableOOMKiller", "memory.oom_control", memory.disableOOMKiller and "1" or "0") end
end, function(asked, put)
  local memory = asked.memory or NOTHING
  for _, name in ipairs { "kernel", "kernelTCP" } do
    if memory[name] and memory[name] > 0 then refuse("memory." .. name) end
  end
  if memory.swappiness then refuse "memory.swappiness" end
  if memory.disableOOMKiller then refuse "memory.disableOOMKiller" end
  local swap = memory.swap or memory.limit and memory.limit < 0 and -1 or nil
  if is_set(memory.limit) then put("memory.limit", "memory.max", or_max(memory.limit)) end
  if is_set(swap) then
    -- v1 counts memory plus swap.
    local only = swap < 0 and "max" or memory.limit and memory.limit > 0 and number(swap - memory.limit)
    if not only then refuse("memory.swap", "it is memory plus swap, and on cgroup v2 needs a memory limit") end
    put("memory.swap", "memory.swap.max", only, { optional = only == "max" })
  end
  if is_set(memory.reservation) then put("memory.reservation", "memory.low", or_max(memory.reservation)) end
end)

section("cpu", "cpu", "cpu", function(asked, put)
  local cpu = asked.cpu or NOTHING
  if cpu.idle then put("cpu.idle", "cpu.idle", number(cpu.idle)) end
  if is_set(cpu.shares) and cpu.idle ~= 1 then put("cpu.shares", "cpu.shares", number(math.max(2, cpu.shares))) end
  if is_set(cpu.period) then put("cpu.period", "cpu.cfs_period_us", number(cpu.period)) end
  if is_set(cpu.quota) then put("cpu.quota", "cpu.cfs_quota_us", number(cpu.quota)) end
  if cpu.burst then put("cpu.burst", "cpu.cfs_burst_us", number(cpu.burst)) end
  if is_set(cpu.realtimePeriod) then put("cpu.realtimePeriod", "cpu.rt_period_us", number(cpu.realtimePeriod)) end
  if is_set(cpu.realtimeRuntime) then put("cpu.realtimeRuntime", "cpu.rt_runtime_us", number(cpu.realtimeRuntime)) end
end, function(asked, put)
  local cpu = asked.cpu or NOTHING
  for _, name in ipairs { "realtimeRuntime", "realtimePeriod" } do
    if is_set(cpu[name]) then refuse("cpu." .. name) end
  end
  if cpu.idle then put("cpu.idle", "cpu.idle", number(cpu.idle)) end
  if is_set(cpu.shares) and cpu.idle ~= 1 then put("cpu.shares", "cpu.weight", number(cpu_weight(cpu.shares))) end
  if is_set(cpu.quota) or is_set(cpu.period) then
    local quota = cpu.quota and cpu.quota > 0 and number(cpu.quota) or "max"
    put("cpu.quota", "cpu.max", is_set(cpu.period) and quota .. " " .. number(cpu.period) or quota)
  end
  if cpu.burst then put("cpu.burst", "cpu.max.burst", number(cpu.burst)) end
end)

local function cpuset(asked, put)
  local cpu = asked.cpu or NOTHING
  if (cpu.cpus or "") ~= "" then put("cpu.cpus", "cpuset.cpus", cpu.cpus) end
  if (cpu.mems or "") ~= "" then put("cpu.mems", "cpuset.mems", cpu.mems) end
end
section("cpu", "cpuset", "cpuset", cpuset, cpuset)

local function pids(asked, put)
  local limit = (asked.pids or NOTHING).limit
  if is_set(limit) then put("pids.limit", "pids.max", or_max(limit)) end
end
section("pids", "pids", "pids", pids, pids)

section("blockIO", "blkio", "io", function(asked, put)
  local io = asked.blockIO or NOTHING
  if is_set(io.weight) then put("blockIO.weight", "blkio.weight", number(io.weight), { or_file = "blkio.bfq.weight" }) end
  if is_set(io.leafWeight) then put("blockIO.leafWeight", "blkio.leaf_weight", number(io.leafWeight)) end
  for i, device in ipairs(io.weightDevice or NOTHING) do
    local field, value = ("blockIO.weightDevice[%d]."):format(i - 1), ("%d:%d %%d"):format(device.major, device.minor)
    if device.weight then
      put(field .. "weight", "blkio.weight_device", value:format(device.weight), { or_file = "blkio.bfq.weight_device" })
    end
    if device.leafWeight then put(field .. "leafWeight", "blkio.leaf_weight_device", value:format(device.leafWeight)) end
  end
  for _, throttle in ipairs(THROTTLES) do
    for i, device in ipairs(io[throttle[1]] or NOTHING) do
      put(("blockIO.%s[%d]"):format(throttle[1], i - 1), ("blkio.throttle.%s_device"):format(throttle[3]),
        ("%d:%d %s"):format(device.major, device.minor, or_word(device.rate, "0")))
    end
  end
end, function(asked, put)
  local io = asked.blockIO or NOTHING
  if is_set(io.leafWeight) then refuse "blockIO.leafWeight" end
  if is_set(io.weight) then
    put("blockIO.weight", "io.weight", number(io_weight(io.weight)), { or_file = "io.bfq.weight", or_value = number(io.weight) })
  end
  for i, device in ipairs(io.weightDevice or NOTHING) do
    local field, value = ("blockIO.weightDevice[%d]."):format(i - 1), ("%d:%d %%d"):format(device.major, device.minor)
    if is_set(device.leafWeight) then refuse(field .. "leafWeight") end
    if device.weight then
      put(field .. "weight", "io.weight", value:format(io_weight(device.weight)),
        { or_file = "io.bfq.weight", or_value = value:format(device.weight) })
    end
  end
  for _, throttle in ipairs(THROTTLES) do
    for i, device in ipairs(io[throttle[1]] or NOTHING) do
      local rate = device.rate == 0 and "max" or or_max(device.rate)
      put(("blockIO.%s[%d]"):format(throttle[1], i - 1), "io.max", ("%d:%d %s=%s"):format(device.major, device.minor, throttle[2], rate))
    end
  end
end)

-- Reservations are limited where the kernel counts them, and page faults everywhere.
local function huge_pages(usage, reservation, unlimited)
  return function(asked, put)
    for i, page in ipairs(asked.hugepageLimits or NOTHING) do
      local field, value = ("hugepageLimits[%d]"):format(i - 1), or_word(page.limit, unlimited)
      put(field, usage:format(page.pageSize), value)
      put(field, reservation:format(page.pageSize), value, { optional = true })
    end
  end
end
section("hugepageLimits", "hugetlb", "hugetlb", huge_pages("hugetlb.%s.limit_in_bytes", "hugetlb.%s.rsvd.limit_in_bytes", "-1"),
  huge_pages("hugetlb.%s.max", "hugetlb.%s.rsvd.max", "max"))

section("network.classID", "net_cls", nil, function(asked, put)
  local id = (asked.network or NOTHING).classID
  if is_set(id) then put("network.classID", "net_cls.classid", number(id)) end
end)

section("network.priorities", "net_prio", nil, function(asked, put)
  for i, one in ipairs((asked.network or NOTHING).priorities or NOTHING) do
    put(("network.priorities[%d]"):format(i - 1), "net_prio.ifpriomap", ("%s %d"):format(one.name, one.priority))
  end
end)

section("rdma", "rdma", "rdma", rdma, rdma)

return sections
