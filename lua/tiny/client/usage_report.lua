-- Reports how a run ended and what it used: as a table on standard error, or as JSON.
local format = require "tiny.format"
local output_file = require "tiny.base.output_file"

local usage_report = {}

-- The value of --usage without a file.
local SHOWN = "-"

-- Refuses what cannot be reported, before anything is created.
function usage_report.check(options)
  if options.detach then
    tiny.fail { message = "--usage cannot be used with -d, which does not wait for the end", hint = "tinylua wait --format json reports it", exit = 2 }
  end
  if options.usage == "" then tiny.fail { message = "--usage: the file's name is empty", exit = 2 } end
  if options.usage ~= SHOWN then output_file.check(options.usage, "--usage") end
end

-- The end of a container as a table for JSON. `ended`: its state, or the result of its supervisor.
function usage_report.object(container, ended)
  return {
    id = container.id, name = container.config.name, exit_code = ended.exit_code or ended.status, signal = ended.signal,
    oom = (ended.oom == true or (tonumber(ended.oom) or 0) > 0) or nil, exceeded = ended.exceeded, truncated = ended.truncated,
    usage = ended.usage, removed = ended.removed,
  }
end

local function seconds(value) return value and ("%.3f s"):format(value) end
local function bytes(value) return value and format.size(value, true) end

local function rows_of(used)
  local cpu = seconds(used.cpu_seconds)
  if cpu and used.user_seconds then cpu = ("%s (user %s, system %s)"):format(cpu, seconds(used.user_seconds), seconds(used.system_seconds)) end
  local function both(one, other, first, second) return one and other and ("%s %s, %s %s"):format(one, first, other, second) end
  return {
    { "wall time", seconds(used.wall_seconds) }, { "CPU time", cpu }, { "peak memory", bytes(used.memory_peak) },
    { "largest process", bytes(used.rss_peak) }, { "peak processes", used.pids_peak },
    { "read", both(bytes(used.read_bytes), used.reads, "in", "operations") },
    { "written", both(bytes(used.write_bytes), used.writes, "in", "operations") },
    { "context switches", both(used.voluntary_switches, used.involuntary_switches, "voluntary", "involuntary") },
  }
end

-- Prints a run's usage on standard error, or writes it to a file. Not counted: "-".
function usage_report.show(where, container, result)
  if where ~= SHOWN then
    local object = usage_report.object(container, result)
    return tiny.write_file(where, tiny.json_encode(object, { pretty = true }) .. "\n")
  end
  for _, row in ipairs(rows_of(result.usage or {})) do format.note("%-17s %s", row[1], tostring(row[2] or "-")) end
end

return usage_report
