-- Everything on this host that a container could leave behind, recorded before and after, for tests that break tinylua
-- on purpose.
local check = require "check"

local leftovers = {}

-- A kernel without nftables has no rules that could be left.
local NFTABLES = tiny.probe().network.nftables ~= false

local function listed(folder)
  local found = {}
  for _, name in ipairs(tiny.list_dir(folder) or {}) do
    if not check.is_journal(name) then found[folder .. "/" .. name] = true end
  end
  return found
end

-- The groups below `folder`, with any name; the parent of all containers' groups is reported separately.
local function groups_below(found, folder, top)
  for _, name in ipairs(tiny.list_dir(folder) or {}) do
    local path = folder .. "/" .. name
    local s = tiny.stat(path, { follow = false })
    if s and s.kind == "dir" then
      found[(top and name == "tinylua" and "shared cgroup " or "cgroup ") .. path] = true
      groups_below(found, path)
    end
  end
end

-- In every mounted hierarchy, of v1 and v2.
local function cgroups(found)
  for _, mount in ipairs(tiny.mounts()) do
    if mount.fstype:match("^cgroup2?$") then groups_below(found, mount.target, true) end
  end
end

-- The networks that are in use, in records or in the kernel.
local function networks(found)
  local root = check.root .. "/networks"
  for _, name in ipairs(tiny.list_dir(root) or {}) do
    local folder = root .. "/" .. name
    if name:match("^%.forward") then found["in use: " .. folder] = true end
    if tiny.stat(folder).kind == "dir" then
      if tiny.stat(folder .. "/up") then found["in use: " .. folder] = true end
      for path in pairs(listed(folder .. "/leases")) do found[path] = true end
      for _, taken in ipairs(tiny.list_dir(folder .. "/names") or {}) do
        for path in pairs(listed(folder .. "/names/" .. taken)) do found[path] = true end
      end
    end
  end
  if not NFTABLES then return end
  for _, port in ipairs(tiny.published()) do found["published " .. port] = true end
  -- A table of shared rules is removed when it is empty.
  for _, chain in ipairs(tiny.nft_chains()) do found["table " .. chain.family .. " " .. chain.table] = true end
end

-- Calls f(pid, text) for each process except this one and those that have ended; text is "process 7 (name)".
local function each_process(f)
  for _, name in ipairs(tiny.list_dir("/proc")) do
    local pid = name:match("^%d+$") and tonumber(name)
    local stat = pid and pid ~= tiny.getpid() and tiny.try(tiny.read_file, "/proc/" .. name .. "/stat")
    if stat and not stat:match("%) [ZX] ") then f(pid, "process " .. name .. " " .. stat:match("%b()")) end
  end
end

-- Waits up to a second for each ending process that is not in `before`. If a container may keep running, only for
-- tinylua's own.
function leftovers.settle(before)
  each_process(function(pid, text)
    if before and before[text] or not before and not text:match("%(tinylua%)$") then return end
    local process = tiny.pidfd_open(pid)
    if process then
      tiny.poll({ process }, "1s")
      process:close()
    end
  end)
end

-- Whether the bridge's rules exist: the kernel then refuses to create them. And every chain with a hook.
local function rules(found)
  if not NFTABLES then return end
  local made, err = tiny.try(tiny.nat, { from = "10.10.0.0/24", name = "td0" })
  if made then made:close() end
  if err and err.code == "EEXIST" then found["nat rules"] = true end
  for _, chain in ipairs(tiny.nft_chains()) do
    found[("nft chain %s %s %s"):format(chain.family, chain.table, chain.name)] = true
  end
end

-- The mounts by mount point; a mount point may have several.
local function mounts(found)
  local times = {}
  for _, mount in ipairs(tiny.mounts()) do
    times[mount.target] = (times[mount.target] or 0) + 1
    found[("mount %s (%d)"):format(mount.target, times[mount.target])] = true
  end
end

-- FIFOs, sockets and spools anywhere in the store; ranges of ids.
local function files(found)
  local function look(folder)
    for path in pairs(listed(folder)) do
      local s = tiny.stat(path, { follow = false })
      if s and s.kind == "dir" then look(path) end
      if s and (s.kind == "fifo" or s.kind == "socket" or path:match("%.spool$")) then found[s.kind .. " " .. path] = true end
    end
  end
  look(check.root .. "/run")
  for path in pairs(listed(check.root .. "/userids")) do
    if path:find("@", 1, true) then found["ids " .. path] = true end
  end
end

-- All of it, each as one word or sentence.
function leftovers.look()
  local found = {}
  for _, link in ipairs(tiny.links()) do found["link " .. link.name] = true end
  mounts(found)
  for _, folder in ipairs { "/containers", "/names", "/run" } do
    for path in pairs(listed(check.root .. folder)) do found[path] = true end
  end
  networks(found)
  each_process(function(_, text) found[text] = true end)
  cgroups(found)
  rules(found)
  files(found)
  for _, name in ipairs { "ipv4.ip_forward", "ipv6.conf.all.forwarding" } do
    found[name .. " " .. (tiny.try(tiny.sysctl, "net." .. name) or "none")] = true
  end
  return found
end

-- What exists in addition to `before`, sorted. `shared`: the parent cgroup of all containers may exist, because it
-- stays until gc.
function leftovers.beyond(before, shared)
  local left = {}
  for what in pairs(leftovers.look()) do
    if not before[what] and not (shared and what:match("^shared")) then table.insert(left, what) end
  end
  table.sort(left)
  return left
end

return leftovers
