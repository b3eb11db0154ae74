-- The processes of a container as a tree: all of its PID namespace and their descendants, including nested namespaces. A
-- process started by `exec` has its parent outside, and is listed next to PID 1.
local limit_depth = require "tiny.inspect.depth"
local source = require "tiny.inspect.source"

local processes = {}

-- The maximum number of listed processes; a container can create many.
local MOST = 500
local TICKS = 100 -- USER_HZ, always 100 on Linux (proc_pid_stat(5))

-- A uid as seen in the container's user namespace.
local function inside_of(uid, map)
  for _, entry in ipairs(map) do
    local n = uid - entry[2]
    if n >= 0 and n < entry[3] then return entry[1] + n end
  end
  return uid
end

local function command_of(held, name)
  local words = {}
  for word in (held:read("cmdline") or ""):gmatch("[^%z]+") do table.insert(words, source.text(word)) end
  -- A kernel thread or a zombie has no command line; shown as in ps(1).
  return #words > 0 and table.concat(words, " ") or "[" .. name .. "]"
end

local function cpu_seconds(held)
  -- The name in parentheses may contain parentheses; the fields follow the last one.
  local user, system = (held:read("stat") or ""):match("^.*%) %S" .. (" %S+"):rep(10) .. " (%d+) (%d+)")
  return user and (tonumber(user) + tonumber(system)) / TICKS
end

-- The entry of one process. depth: the position of the container's own pid in NSpid.
local function entry_of(held, status, depth, map)
  local numbers = {}
  for number in (status.NSpid or ""):gmatch("%d+") do table.insert(numbers, source.integer(number)) end
  local name = source.text(status.Name or "?")
  local uid = source.integer((status.Uid or ""):match("^%d+"))
  local resident = source.integer((status.VmRSS or ""):match("^(%d+) kB"))
  return {
    pid = held.pid, inside = numbers[depth], uid = uid, user = uid and inside_of(uid, map), name = name, command = command_of(held, name),
    state = (status.State or "?"):sub(1, 1), threads = source.integer(status.Threads), memory = resident and resident * 1024,
    cpu_seconds = cpu_seconds(held), children = {},
  }
end

-- The parent of every process, and the processes of the PID namespace `own` (nil: none).
local function survey(own)
  local parents, members = {}, {}
  for _, name in ipairs(tiny.list_dir("/proc")) do
    local pid = source.integer(name:match("^%d+$"))
    local held <close> = pid and source.open(pid) or nil
    if held then
      parents[pid] = source.integer((held:read("stat") or ""):match("^.*%) %S (%d+)")) or 0
      members[pid] = own and held:link("ns/pid") == own or nil
    end
  end
  return parents, members
end

-- Whether a process is one of the members or a descendant of one.
local function belongs(pid, parents, members)
  local steps = 0
  while pid and pid > 0 and steps < 1000 do
    if members[pid] then return true end
    pid, steps = parents[pid], steps + 1
  end
  return false
end

-- The tree for the process of `held`: a list of roots, with this process first. own_namespace: whether its PID namespace
-- differs from the caller's, so that all its processes belong to it. Also returns the number of omitted processes.
function processes.tree(held, own_namespace, map)
  local parents, members = survey(own_namespace and held:link("ns/pid") or nil)
  members[held.pid] = true
  local depth = select(2, (held:status().NSpid or "0"):gsub("%d+", ""))
  local order = {}
  for pid in pairs(parents) do
    if belongs(pid, parents, members) then table.insert(order, pid) end
  end
  table.sort(order)
  local by_pid, roots, left_out = {}, {}, math.max(0, #order - MOST)
  for i, pid in ipairs(order) do
    local one <close> = i <= MOST and source.open(pid) or nil
    local status = one and one:status() or {}
    if status.Name then by_pid[pid] = entry_of(one, status, depth, map) end
  end
  local above = limit_depth(function(pid) return pid ~= held.pid and by_pid[parents[pid]] and parents[pid] or nil end)
  for _, pid in ipairs(order) do
    local parent = by_pid[above(pid)]
    if by_pid[pid] then table.insert(parent and parent.children or roots, pid == held.pid and 1 or #(parent and parent.children or roots) + 1, by_pid[pid]) end
  end
  return roots, left_out
end

return processes
