-- What the OCI runtime prints about containers: its processes, the list of containers, usage and events.
local cgroup = require "tiny.oci.cgroup"
local format = require "tiny.format"
local state = require "tiny.oci.state"

local show = {}

function show.processes(id, style, options)
  local one = state.find(id)
  local group = cgroup.of(one)
  local process <close> = not group and state.process(one) or nil
  local pids = group and cgroup.pids(group) or process and { process.pid } or {}
  if style == "json" then return format.line(tiny.json_encode(pids, { array = true })) end
  local words = options and #options > 0 and options or { "-ef" }
  local wanted = {}
  for _, pid in ipairs(pids) do wanted[pid] = true end
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec { "ps", table.unpack(words) }
  end)
  into:close()
  local parts = {}
  for part in function() return from:read() end do table.insert(parts, part) end
  local status = child:wait()
  local column
  for line in table.concat(parts):gmatch("[^\n]+") do
    local fields = {}
    for field in line:gmatch("%S+") do table.insert(fields, field) end
    if not column then
      for i, field in ipairs(fields) do column = field == "PID" and i or column end
      if not column then tiny.fail { message = "ps printed no column PID", hint = "leave the options of ps out" } end
      format.line(line)
    elseif wanted[math.tointeger(tonumber(fields[column]))] then
      format.line(line)
    end
  end
  return status
end

function show.list(style, quiet)
  local rows, all = {}, {}
  for _, one in ipairs(state.all()) do
    local status = state.status(one)
    local record = one.record
    if quiet then format.line(one.id) end
    table.insert(all, {
      ociVersion = record.ociVersion, id = one.id, pid = status ~= "stopped" and record.pid or 0, status = status, bundle = record.bundle,
      created = record.created, owner = record.owner,
    })
    table.insert(rows, { one.id, ("%d"):format(all[#all].pid), status, record.bundle, record.created or "" })
  end
  if quiet then return end
  if style == "json" then return format.line(tiny.json_encode(all, { array = true })) end
  format.table({ "ID", "PID", "STATUS", "BUNDLE", "CREATED" }, rows)
end

-- The usage of a container in the form that containerd and Docker read from `runc events`.
local function usage(group)
  local stats = tiny.cgroup_stats(group)
  return {
    cpu = {
      usage = { total = math.floor((stats.cpu_seconds or 0) * 1e9) },
      throttling = { throttledPeriods = stats.throttled or 0, throttledTime = math.floor((stats.throttled_seconds or 0) * 1e9) },
    },
    memory = {
      usage = { usage = stats.memory or 0, max = stats.memory_peak, limit = stats.memory_limit, failcnt = 0 },
      swap = { usage = stats.swap or 0, limit = stats.swap_limit },
    },
    pids = { current = stats.pids, limit = stats.pids_limit },
  }
end

local function line(id, kind, data)
  format.line(tiny.json_encode { type = kind, id = id, data = data })
end

function show.events(id, once, interval)
  local one = state.find(id)
  local group = cgroup.needed(one)
  if once then return line(id, "stats", usage(group)) end
  local process <close> = state.process(one)
  if not process then tiny.fail { message = ("container %s is not running"):format(tiny.show(id)) } end
  local kills = tiny.cgroup_stats(group).oom_kills or 0
  repeat
    local stats = tiny.try(usage, group)
    if stats then line(id, "stats", stats) end
    local ended = #tiny.poll({ process }, interval) > 0
    local now = tiny.try(tiny.cgroup_stats, group)
    if now and (now.oom_kills or 0) > kills then
      kills = now.oom_kills
      line(id, "oom")
    end
  until ended
end

return show
