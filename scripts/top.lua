-- Lists the processes of a container.
local format = require "tiny.format"
local state = require "tiny.state"

-- A uid as the container has it: what its user namespace maps there.
local function inside(uid, map)
  for first, outside, count in (map or ""):gmatch("(%d+) +(%d+) +(%d+)") do
    local n = uid - tonumber(outside)
    if n >= 0 and n < tonumber(count) then return tostring(math.tointeger(tonumber(first) + n)) end
  end
  return tostring(uid)
end

local function processes(container)
  local map = tiny.read_file(("/proc/%d/uid_map"):format(container.state.pid))
  local own = tiny.readlink(("/proc/%d/ns/pid"):format(container.state.pid))
  local rows = {}
  for _, pid in ipairs(tiny.list_dir("/proc")) do
    local _, namespace = pcall(tiny.readlink, "/proc/" .. pid .. "/ns/pid")
    if pid:match("^%d+$") and namespace == own then
      local status = tiny.read_file("/proc/" .. pid .. "/status") or ""
      local command = (tiny.read_file("/proc/" .. pid .. "/cmdline") or ""):gsub("%z", " ")
      table.insert(rows, {
        status:match("NSpid:.-(%d+)\n") or "?", pid, inside(math.tointeger(tonumber(status:match("Uid:%s+(%d+)"))) or 0, map), status:match("State:%s+(%S)") or "?",
        status:match("VmRSS:%s+(%d+ kB)") or "-", command ~= "" and command or "[" .. (status:match("Name:%s+(%S+)") or "?") .. "]",
      })
    end
  end
  return rows
end

return {
  summary = "List the processes of a container",
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Its name, or the beginning of its id" } },
  run = function(args)
    local container = state.find(args.container)
    if container.state.status ~= "running" then tiny.fail { message = container.config.name .. " is not running", hint = "`tinylua ps` lists those that run" } end
    format.table({ "PID", "HOST PID", "UID", "STATE", "MEMORY", "COMMAND" }, processes(container))
  end,
}
