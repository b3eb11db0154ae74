-- Changes the limits of a container.
local check = require "tiny.oci.check"
local state = require "tiny.oci.state"

-- Options of the command: the object and field of linux.resources that each sets.
local FIELDS = {
  memory = { "memory", "limit" }, memory_reservation = { "memory", "reservation" }, memory_swap = { "memory", "swap" },
  cpu_period = { "cpu", "period" }, cpu_quota = { "cpu", "quota" }, cpu_burst = { "cpu", "burst" }, cpu_share = { "cpu", "shares" },
  cpu_rt_period = { "cpu", "realtimePeriod" }, cpu_rt_runtime = { "cpu", "realtimeRuntime" }, cpu_idle = { "cpu", "idle" },
  cpuset_cpus = { "cpu", "cpus" }, cpuset_mems = { "cpu", "mems" }, pids_limit = { "pids", "limit" },
  blkio_weight = { "blockIO", "weight" },
}
local TEXT = { cpuset_cpus = true, cpuset_mems = true }

local function number(option, value)
  if type(value) == "number" then return value end
  local found = value == "-1" and -1 or tiny.parse_size(value)
  return found or tiny.fail { message = ("--%s: %s is not a size"):format(option:gsub("_", "-"), tiny.show(value)), exit = 2 }
end

return function(id, options)
  local asked = options.resources and require("tiny.oci.config").read(options.resources) or {}
  for option, place in pairs(FIELDS) do
    local value = options[option]
    if value ~= nil then
      local object = type(asked[place[1]]) == "table" and asked[place[1]] or {}
      object[place[2]] = TEXT[option] and value or number(option, value)
      asked[place[1]] = object
    end
  end
  if not next(asked) then tiny.fail { message = "no limit is given", hint = "--memory 128m, or --resources FILE", exit = 2 } end
  require("tiny.oci.resources").check(asked)
  local one = state.find(id, { lock = true })
  local status = state.status(one)
  if status == "stopped" or status == "creating" then check.wrong("cannot update container " .. tiny.show(id), "it is " .. status) end
  local group = require("tiny.oci.cgroup").needed(one)
  if one.record.unit then require("tiny.oci.systemd").update(one.record.unit, asked) end
  require("tiny.oci.resources").apply(group, asked)
end
