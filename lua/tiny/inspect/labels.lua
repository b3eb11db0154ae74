-- What the parts of an anatomy are in words, for text and page alike. What a container chose comes out with its
-- control characters escaped; whoever needs more escaping does that to the result.
local words = {}

local function clean(text) return (require("tiny.format").clean(text)) end
words.clean = clean

function words.size(bytes) return require("tiny.format").size(bytes) end

-- What is known of a container beside its parts: pairs of a name and a text.
function words.head(self)
  local rows = {}
  local function add(name, text) if text then table.insert(rows, { name, clean(text) }) end end
  add("id", self.id)
  add("command", self.command and table.concat(self.command, " "))
  add("recipe", self.recipe and self.recipe.path .. (self.recipe.part and ", its part " .. self.recipe.part or ""))
  add("root", self.rootfs == "host" and "a throwaway view of the host" or self.rootfs)
  add("hostname", self.hostname)
  add("pid", self.supervisor and ("%d on the host; supervised by %d"):format(self.pid, self.supervisor) or tostring(self.pid))
  add("since", self.started_at and ("%s, %s"):format(self.started_at:gsub("%..*", "Z"), require("tiny.format").ago(self.started_at)))
  add("health", self.health)
  return rows
end

-- "own" or "the host's" of a namespace, and what that means.
local MEANS = {
  user = { "its users are others than the host's", "its root is the host's root, with fewer rights" },
  pid = { "it sees its own processes only", "it sees the host's processes" },
  mount = { "a tree of mounts of its own", "the host's mounts" },
  net = { "links, addresses and ports of its own", "the host's links, addresses and ports" },
  uts = { "a host name of its own", "the host's name" },
  ipc = { "shared memory and queues of its own", "the host's shared memory and queues" },
  cgroup = { "its control group looks like the top", "it sees where its control group is" },
  time = { "clocks of its own", "the host's clocks" },
}

function words.namespace(one)
  if one.own == nil then return "unseen", "this user may not look" end
  return one.own and "own" or "host's", MEANS[one.kind][one.own and 1 or 2]
end

function words.map(entries)
  local list = {}
  for _, entry in ipairs(entries) do
    local inside, outside, count = table.unpack(entry)
    if inside == outside and count >= 4294967295 then return "all, as on the host" end
    table.insert(list, ("%d–%d are %d–%d on the host"):format(inside, inside + count - 1, outside, outside + count - 1))
  end
  return #list > 0 and table.concat(list, "; ") or "none"
end

-- What is said of a mount beside its target and file system.
function words.mount(mount)
  local parts = { clean(mount.from) }
  local size = mount.size and tiny.try(tiny.parse_size, mount.size)
  if mount.role == "masked" then parts = { "hidden from it" }
  elseif mount.role == "readonly" then parts = { "made read-only" }
  elseif size and not mount.path then table.insert(parts, "at most " .. words.size(size)) end
  if mount.hidden then table.insert(parts, "covered by a later mount") end
  return table.concat(parts, ", ")
end

-- Rows of what is limited: { key, what, used, limit, share }, where share is 0 to 1.
function words.limits(cgroup)
  local stats, limits, rows = cgroup.stats, cgroup.limits, {}
  local function add(key, what, used, limit, share) table.insert(rows, { key = key, what = what, used = used, limit = limit or "no limit", share = share }) end
  local function part(used, limit) return used and limit and limit > 0 and math.min(1, used / limit) or nil end
  add("memory", "memory", words.size(stats.memory), limits.memory and words.size(limits.memory), part(stats.memory, limits.memory))
  if limits.swap or stats.swap then add("swap", "swap", words.size(stats.swap), limits.swap and words.size(limits.swap), part(stats.swap, limits.swap)) end
  add("pids", "processes", tostring(stats.pids or "-"), limits.pids and tostring(limits.pids), part(stats.pids, limits.pids))
  add("cpus", "CPU", stats.cpu_seconds and ("%.2f s"):format(stats.cpu_seconds) or "-", limits.cpus and ("%g of a CPU"):format(limits.cpus))
  if limits.cpuset then add("cpuset", "CPUs", "", limits.cpuset) end
  return rows
end

-- What happened to it under its limits, or nil.
function words.events(stats)
  local list = {}
  local function add(number, text) if number and number > 0 then table.insert(list, text:format(number)) end end
  add(stats.oom_kills, "%d killed for want of memory")
  add(stats.pids_refused, "%d forks refused")
  add(stats.throttled, "throttled in %d periods")
  if stats.frozen then table.insert(list, "frozen") end
  if stats.memory_peak then table.insert(list, "memory peak " .. words.size(stats.memory_peak)) end
  return #list > 0 and table.concat(list, ", ") or nil
end

-- What confines it beside capabilities: rows of a key, a name and a text.
function words.confinement(self)
  local seccomp, rows = self.seccomp, {}
  local parts = { seccomp.mode == "none" and "no filter" or seccomp.mode .. (seccomp.filters and seccomp.filters > 1 and (" (%d of them)"):format(seccomp.filters) or "") }
  local record = seccomp.record
  if record then
    table.insert(parts, "profile " .. clean(record.profile))
    if record.allow then table.insert(parts, ("%d system calls allowed"):format(record.allow)) end
    if record.notify then table.insert(parts, "its recipe answers " .. clean(table.concat(record.notify, ", "))) end
    if record.learn then table.insert(parts, "what it uses is being learned") end
  end
  table.insert(rows, { "seccomp", "system calls", table.concat(parts, "; ") })
  table.insert(rows, { "no_new_privs", "no_new_privs", self.no_new_privs and "set: no program gains rights by execve" or "not set: setuid programs work" })
  if self.landlock then table.insert(rows, { "landlock", "landlock", clean(tiny.show(self.landlock)) }) end
  return rows
end

return words
