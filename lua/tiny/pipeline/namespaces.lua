-- The namespaces of a container besides those of its network and mounts: its own, the host's, or another container's
-- (--pid, --ipc, --uts, --cgroupns).
local state = require "tiny.store.state"
local values = require "tiny.spec.values"

local namespaces = {}

-- What each can be besides "private". A container's cgroup namespace shows its own cgroup, so it is shared with none.
local KINDS = {
  { "pid", host = true, container = true }, { "ipc", host = true, container = true }, { "uts", host = true, container = true },
  { "cgroupns", host = true },
}

local function wrong(kind, what, hint) values.wrong(("%s: %s"):format(kind, what), hint) end

-- The running container of "container:NAME", and its process, to be closed.
local function other(kind, value)
  local record = require("tiny.store.records").find(value:sub(#"container:" + 1))
  local process = record.state.status == "running" and state.process(record) or nil
  if not process then wrong(kind, ("the container %s is not running"):format(record.config.name), "start it first: tinylua start " .. record.config.name) end
  if record.config.userns then wrong(kind, ("the container %s has a user namespace of its own"):format(record.config.name)) end
  return record, process
end

-- Options that act on a namespace that is not the container's own.
local function check_others(asked)
  local function conflict(kind, option)
    if asked[kind] and asked[option] then wrong(option, ("the container has no %s namespace of its own (%s=%s)"):format(kind, kind, asked[kind])) end
  end
  conflict("uts", "hostname")
  conflict("uts", "domainname")
  conflict("pid", "init")
  for _, text in ipairs(asked.ipc and asked.sysctls or {}) do
    if not text:match("^net[./]") then wrong("sysctls", ("%s needs an IPC namespace of the container's own"):format(text)) end
  end
end

function namespaces.check(asked)
  for _, allowed in ipairs(KINDS) do
    local kind = allowed[1]
    local value = asked[kind]
    -- Every namespace of ours can be shared.
    if value == "private" or kind == "ipc" and value == "shareable" then asked[kind], value = nil, nil end
    local name = value and value:match("^container:(.+)$")
    if value and not (value == "host" or allowed.container and name) then
      wrong(kind, ("%s is not one of private, host%s"):format(tiny.show(value), allowed.container and ", container:NAME" or ""))
    end
    if value and (require("tiny.base.rootless").is() or asked.userns and asked.userns ~= "host") then
      wrong(kind, "a container with a user namespace of its own has all namespaces of its own")
    end
    if name then
      local _, process = other(kind, value)
      process:close()
    end
  end
  check_others(asked)
end

-- The hostname in the container's UTS namespace.
local function hostname(value)
  if value == "host" then return (tiny.read_file("/proc/sys/kernel/hostname"):gsub("\n$", "")) end
  local record, process = other("uts", value)
  process:close()
  return record.config.hostname
end

-- Sets what tiny.clone is asked for. Returns handles to close.
function namespaces.open(ctx, options)
  local held, spec = {}, ctx.spec
  -- Without a pid namespace, only the cgroup ends the processes that the program leaves.
  if spec.pid == "host" and not ctx.cgroup then wrong("pid", "the host's pid namespace needs a cgroup", "`tinylua doctor` shows why there is none") end
  for _, allowed in ipairs(KINDS) do
    local kind, value = allowed[1], spec[allowed[1]]
    if value == "host" then
      if kind == "cgroupns" and options.cgroup == true then options.cgroup = nil end
      options[kind] = nil
    elseif value then
      local _, process = other(kind, value)
      options[kind] = tiny.open_ns(kind, process)
      process:close()
      table.insert(held, options[kind])
    end
  end
  if spec.uts then spec.hostname = hostname(spec.uts) end
  return held
end

return namespaces
