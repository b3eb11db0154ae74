-- Which process of a container has the socket with a local port: for packets that no connect(2) has announced. The tables of
-- its network namespace give the socket's inode, and the processes' descriptors the process.
local owner = {}

-- A container chooses how many processes and descriptors it has.
local MOST_PROCESSES, MOST_FILES = 512, 1024
local TABLES = { tcp = { "tcp", "tcp6" }, udp = { "udp", "udp6" }, icmp = { "icmp" }, icmpv6 = { "icmp6" } }

-- The inode of the socket, from the tables that the process `pid` sees.
local function inode(pid, protocol, port)
  local wanted = (":%04X$"):format(port)
  for _, name in ipairs(TABLES[protocol] or {}) do
    local text = tiny.try(tiny.read_file, ("/proc/%d/net/%s"):format(pid, name)) or ""
    for line in text:gmatch("[^\n]+") do
      local own, _, rest = line:match("^%s*%d+: (%S+) (%S+) %x+ (.*)$")
      -- Queues, timers, user, timeout; the inode is 0 once the socket is closed.
      local found = own and own:match(wanted) and rest:match("^%S+ %S+ %S+ +%d+ +%d+ (%d+)")
      if found and found ~= "0" then return found end
    end
  end
end

local function has(pid, wanted)
  local folder = ("/proc/%d/fd"):format(pid)
  for i, number in ipairs(tiny.try(tiny.list_dir, folder) or {}) do
    if i > MOST_FILES then return false end
    if tiny.try(tiny.readlink, folder .. "/" .. number) == wanted then return true end
  end
  return false
end

-- The processes in the network namespace of the process `first`.
local function members(first)
  local namespace, list = tiny.try(tiny.readlink, ("/proc/%d/ns/net"):format(first)), {}
  for _, name in ipairs(namespace and tiny.list_dir("/proc") or {}) do
    local pid = #list < MOST_PROCESSES and tonumber(name)
    if pid and tiny.try(tiny.readlink, ("/proc/%s/ns/net"):format(name)) == namespace then table.insert(list, pid) end
  end
  return list
end

-- The process with the socket of this protocol and local port in the network namespace of the process `first`, and its program;
-- nil if none is found.
function owner.find(first, protocol, port)
  local found = inode(first, protocol, port)
  local wanted = found and ("socket:[%s]"):format(found)
  for _, pid in ipairs(wanted and members(first) or {}) do
    if has(pid, wanted) then return pid, (tiny.try(tiny.readlink, ("/proc/%d/exe"):format(pid))) end
  end
end

return owner
