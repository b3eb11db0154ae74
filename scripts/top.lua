-- Lists the processes of a container.
local format = require "tiny.format"
local source = require "tiny.inspect.source"
local state = require "tiny.state"

-- A uid of the host as the container sees it, by the map of its user namespace.
local function inside(uid, map)
  for first, outside, count in (map or ""):gmatch("(%d+) +(%d+) +(%d+)") do
    local n = uid - tonumber(outside)
    if n >= 0 and n < tonumber(count) then return tostring(math.tointeger(tonumber(first) + n)) end
  end
  return tostring(uid)
end

-- The row of a process. The process chooses its own name and arguments.
local function row_of(held, map)
  local status = held:status()
  if not status.Name then return nil end -- it has ended since
  local command = source.text((held:read("cmdline") or ""):gsub("%z", " "))
  return {
    (status.NSpid or "?"):match("%S+$"), tostring(held.pid), inside(source.integer((status.Uid or ""):match("^%d+")) or 0, map),
    (status.State or "?"):sub(1, 1), (status.VmRSS or ""):match("^%d+ kB") or "-", command ~= "" and command or "[" .. source.text(status.Name) .. "]",
  }
end

local function processes(container)
  local process <close> = state.process(container) or tiny.fail { message = container.config.name .. " has just ended" }
  local first <close> = source.of(process)
  local map, is_member = first:read("uid_map"), source.members_of(container, first)
  local rows = {}
  for _, name in ipairs(tiny.list_dir("/proc")) do
    local held <close> = name:match("^%d+$") and source.open(source.integer(name)) or nil
    if held and is_member(held) then table.insert(rows, row_of(held, map)) end
  end
  return rows
end

return {
  summary = "List the processes of a container",
  section = "Containers",
  order = 114,
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" } },
  run = function(args)
    local container = state.find(args.container)
    if container.state.status ~= "running" then tiny.fail { message = container.config.name .. " is not running", hint = "`tinylua ps` lists running containers" } end
    format.table({ "PID", "HOST PID", "UID", "STATE", "MEMORY", "COMMAND" }, processes(container))
  end,
}
