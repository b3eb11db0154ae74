-- Checks the limits of a configuration (linux.resources) and writes them into the control files of its cgroup.
local check = require "tiny.oci.check"

local resources = {}

local NOTHING = {}

-- A weight of block I/O; 0 is none.
local function weights(object, where)
  for _, name in ipairs { "weight", "leafWeight" } do
    if object[name] ~= 0 then check.range(object[name], 10, 1000, ("%s.%s"):format(where, name)) end
  end
end

function resources.check(asked)
  check.shape(asked, "linux.resources", require("tiny.oci.fields").resources)
  local memory, cpu = asked.memory or NOTHING, asked.cpu or NOTHING
  local at = "linux.resources."
  check.range(memory.swappiness, 0, 100, at .. "memory.swappiness")
  if cpu.idle and cpu.idle ~= 0 and cpu.idle ~= 1 then check.wrong(at .. "cpu.idle", "it is 0 or 1") end
  check.range(cpu.shares, 0, 262144, at .. "cpu.shares")
  if memory.limit and memory.swap and memory.swap > 0 and memory.limit > 0 and memory.swap < memory.limit then
    check.wrong(at .. "memory.swap", "it is memory plus swap, and less than the memory limit")
  end
  if memory.useHierarchy == false then
    check.wrong(at .. "memory.useHierarchy", "the kernel always counts a cgroup's memory with its parent's")
  end
  if cpu.burst and cpu.quota and cpu.quota > 0 and cpu.burst > cpu.quota then
    check.wrong(at .. "cpu.burst", "it is larger than the quota")
  end
  local io = asked.blockIO or NOTHING
  weights(io, at .. "blockIO")
  for i, device in ipairs(io.weightDevice or NOTHING) do
    local where = ("%sblockIO.weightDevice[%d]"):format(at, i - 1)
    if not device.weight and not device.leafWeight then check.wrong(where, "it needs a weight or a leafWeight") end
    weights(device, where)
  end
  for i, page in ipairs(asked.hugepageLimits or NOTHING) do
    if not page.pageSize:match "^%d+[KMG]B$" then
      check.wrong(("%shugepageLimits[%d].pageSize"):format(at, i - 1), ("%s is not a size such as 2MB"):format(tiny.show(page.pageSize)))
    end
  end
  for name, limits in pairs(asked.rdma or NOTHING) do
    if not limits.hcaHandles and not limits.hcaObjects then check.wrong(at .. "rdma." .. name, "it needs hcaHandles or hcaObjects") end
  end
  for i, rule in ipairs(asked.devices or NOTHING) do
    local where = at .. ("devices[%d]"):format(i - 1)
    if rule.type and not ("abcup"):find(rule.type, 1, true) then
      check.wrong(where .. ".type", ("%s is not one of a, b, c"):format(tiny.show(rule.type)))
    end
    if rule.access and rule.access:find("[^rwm]") then
      check.wrong(where .. ".access", ("%s may contain only r, w and m"):format(tiny.show(rule.access)))
    end
  end
  for name in pairs(asked.unified or NOTHING) do
    if not name:match("^[%w_]+%.[%w_.]+$") then
      check.wrong(at .. "unified." .. name, "it is not the name of a control file such as memory.high")
    end
  end
end

-- The controllers that a host has: on v1 and on v2, where a limit enables its own for the cgroup.
local function controllers_of(cgroup)
  local v1, v2 = {}, {}
  for names in pairs(cgroup.folders) do
    for name in (names ~= "unified" and names or ""):gmatch "[^,]+" do v1[name] = true end
  end
  local folder, path = cgroup.folders.unified, "/" .. cgroup.path:gsub("^/+", "")
  local top = folder and folder:sub(-#path) == path and folder:sub(1, -#path - 1)
  local text = top and tiny.read_file(top .. "/cgroup.controllers") or ""
  for name in text:gmatch "%S+" do v2[name] = true end
  return v1, v2
end

-- The files to write, as a list of { field, file, value, options }.
function resources.files(asked, cgroup)
  local v1, v2 = controllers_of(cgroup)
  local files, current = {}, nil
  local function put(field, file, value, options)
    if current.missing then
      check.wrong("linux.resources." .. field, ("this host has no controller %s for it"):format(current.v1))
    end
    table.insert(files, { "linux.resources." .. field, file, value, options or NOTHING })
  end
  for _, section in ipairs(require "tiny.oci.limits") do
    -- A controller that is on neither is on v2 if anything is: it may not be enabled in the parent yet.
    local on_v1 = v1[section.v1] or not section.on_v2
    current = { v1 = section.v1, missing = not v1[section.v1] and not (section.v2 and v2[section.v2]) }
    if on_v1 then section.on_v1(asked, put) else section.on_v2(asked, put) end
  end
  return files, v2
end

-- The field of a limit that is asked for; nil without any.
function resources.wanted(asked)
  local name = next(asked.unified or NOTHING)
  local field = name and "linux.resources.unified." .. name
  local function put(at, _, value)
    if at ~= "memory.disableOOMKiller" or value ~= "0" then field = field or "linux.resources." .. at end
  end
  for _, section in ipairs(require "tiny.oci.limits") do section.on_v1(asked, put) end
  return field
end

local function write(cgroup, one)
  local options = one[4]
  local _, err = tiny.try(tiny.cgroup_write, cgroup, { [one[2]] = one[3] })
  if err and err.code == "ENOENT" and options.or_file then
    _, err = tiny.try(tiny.cgroup_write, cgroup, { [options.or_file] = options.or_value or one[3] })
  end
  if not err or err.code == "ENOENT" and options.optional then return nil end
  local what = err.code == "ENOENT" and "the kernel has no such control" or err.message
  return { message = ("%s: %s = %s: %s"):format(one[1], one[2], one[3], what), code = err.code }
end

-- Files of cgroup v2 by their names. One with several lines gets one line at a time, as io.max wants it.
local function write_unified(cgroup, unified, v2)
  for _, name in ipairs(require "tiny.base.sorted_keys"(unified)) do
    local field, controller = "linux.resources.unified." .. name, name:match "^[^.]+"
    if not cgroup.folders.unified then check.wrong(field, "this host has no cgroup v2") end
    if controller ~= "cgroup" and not v2[controller] then
      check.wrong(field, ("cgroup v2 has no controller %s on this host"):format(controller))
    end
    for line in (unified[name] .. "\n"):gmatch "([^\n]*)\n" do
      local err = (line ~= "" or unified[name] == "") and write(cgroup, { field, name, line, NOTHING })
      if err then tiny.fail(err) end
    end
  end
end

-- A limit below what is in use ends processes on v2; v1 refuses it itself.
local function check_usage(cgroup, asked)
  local memory = asked.memory or NOTHING
  if not memory.checkBeforeUpdate or not memory.limit or memory.limit <= 0 then return end
  local used = tonumber((tiny.try(tiny.cgroup_read, cgroup, "memory.current")
    or tiny.try(tiny.cgroup_read, cgroup, "memory.usage_in_bytes") or nil))
  if used and memory.limit < used then
    check.wrong("linux.resources.memory.limit", ("%d is less than the %d bytes in use"):format(memory.limit, used))
  end
end

-- Writes the limits. A new limit may lie below or above an old one that must be changed first, so what is refused is tried again
-- after the others.
function resources.apply(cgroup, asked)
  local later, failed = {}, nil
  local files, v2 = resources.files(asked, cgroup)
  check_usage(cgroup, asked)
  for _, one in ipairs(files) do
    if write(cgroup, one) then table.insert(later, one) end
  end
  for _, one in ipairs(later) do failed = write(cgroup, one) or failed end
  if failed then tiny.fail(failed) end
  write_unified(cgroup, asked.unified or NOTHING, v2)
  if asked.devices and #asked.devices > 0 then tiny.set_device_rules(cgroup, require("tiny.oci.devices").rules(asked.devices)) end
end

return resources
