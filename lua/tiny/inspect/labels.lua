-- Describes the parts of an inspection in words, for text and HTML. Control characters of a container's strings are escaped
-- here; the caller adds further escaping.
local labels = {}

local function clean(text) return (require("tiny.format").clean(text)) end
labels.clean = clean

function labels.size(bytes) return require("tiny.format").size(bytes) end

-- The layers that are shown.
local MOST_LAYERS = 16

-- General facts about the container: pairs of a name and a text.
function labels.head(self)
  local rows = {}
  local function add(name, text) if text then table.insert(rows, { name, clean(text) }) end end
  add("id", self.id)
  add("command", self.command and table.concat(self.command, " "))
  add("recipe", self.recipe and self.recipe.path .. (self.recipe.part and ", its part " .. self.recipe.part or ""))
  local image = self.image
  add("root", self.rootfs == "host" and "a throwaway view of the host" or not image and self.rootfs or nil)
  if image then
    add("image", ("%s, id %s"):format((require("tiny.images.reference").shown(image.name)), image.id:sub(8, 19)))
    add("digest", image.index or image.manifest)
  end
  add("hostname", self.hostname)
  add("pid", self.supervisor and ("%d on the host; supervised by %d"):format(self.pid, self.supervisor) or tostring(self.pid))
  add("since", self.started_at and ("%s, %s"):format(self.started_at:gsub("%..*", "Z"), require("tiny.format").ago(self.started_at)))
  add("health", self.health)
  return rows
end

-- Rows of the layers of its root, topmost first: a name, a size and what made it; and how many are left out.
function labels.layers(self)
  local rows = {}
  for at, layer in ipairs(self.layers) do
    if at > MOST_LAYERS + 1 then break end
    local by = layer.writable and "what the container has written" or not layer.path and "missing" or layer.created_by or ""
    rows[at] = { layer.writable and "writable" or layer.diff_id:sub(8, 19), labels.size(layer.bytes), clean(by) }
  end
  return rows, #self.layers - #rows
end

-- The meaning of "own" and "the host's" for each namespace.
local MEANS = {
  user = { "its users differ from the host's", "its root is the host's root, with fewer privileges" },
  pid = { "it sees only its own processes", "it sees the host's processes" },
  mount = { "its own mounts", "the host's mounts" },
  net = { "its own links, addresses and ports", "the host's links, addresses and ports" },
  uts = { "its own hostname", "the host's hostname" },
  ipc = { "its own shared memory and queues", "the host's shared memory and queues" },
  cgroup = { "its cgroup appears as the root", "it sees the path of its cgroup" },
  time = { "its own clocks", "the host's clocks" },
}

function labels.namespace(one)
  if one.own == nil then return "unknown", "this user may not read it" end
  return one.own and "own" or "host's", MEANS[one.kind][one.own and 1 or 2]
end

function labels.map(entries)
  local list = {}
  for _, entry in ipairs(entries) do
    local inside, outside, count = table.unpack(entry)
    if inside == outside and count >= 4294967295 then return "all, as on the host" end
    table.insert(list, ("%d–%d are %d–%d on the host"):format(inside, inside + count - 1, outside, outside + count - 1))
  end
  return #list > 0 and table.concat(list, "; ") or "none"
end

-- Details of a mount besides its target and file system.
function labels.mount(mount)
  local parts = { clean(mount.from) }
  local size = mount.size and tiny.try(tiny.parse_size, mount.size)
  if mount.role == "masked" then parts = { "masked" }
  elseif mount.role == "readonly" then parts = { "made read-only" }
  elseif size and not mount.path then table.insert(parts, "at most " .. labels.size(size)) end
  if mount.hidden then table.insert(parts, "covered by a later mount") end
  return table.concat(parts, ", ")
end

-- Rows of limits: { key, what, used, limit, share }, where share is 0 to 1.
function labels.limits(cgroup)
  local stats, limits, rows = cgroup.stats, cgroup.limits, {}
  local function add(key, what, used, limit, share) table.insert(rows, { key = key, what = what, used = used, limit = limit or "no limit", share = share }) end
  local function part(used, limit) return used and limit and limit > 0 and math.min(1, used / limit) or nil end
  add("memory", "memory", labels.size(stats.memory), limits.memory and labels.size(limits.memory), part(stats.memory, limits.memory))
  if limits.swap or stats.swap then add("swap", "swap", labels.size(stats.swap), limits.swap and labels.size(limits.swap), part(stats.swap, limits.swap)) end
  add("pids", "processes", tostring(stats.pids or "-"), limits.pids and tostring(limits.pids), part(stats.pids, limits.pids))
  add("cpus", "CPU", stats.cpu_seconds and ("%.2f s"):format(stats.cpu_seconds) or "-", limits.cpus and ("%g of a CPU"):format(limits.cpus))
  if limits.cpuset then add("cpuset", "CPUs", "", limits.cpuset) end
  return rows
end

-- Events caused by the limits, or nil.
function labels.events(stats)
  local list = {}
  local function add(number, text) if number and number > 0 then table.insert(list, text:format(number)) end end
  add(stats.oom_kills, "%d OOM kills")
  add(stats.pids_refused, "%d forks refused")
  add(stats.throttled, "throttled in %d periods")
  if stats.frozen then table.insert(list, "frozen") end
  if stats.memory_peak then table.insert(list, "memory peak " .. labels.size(stats.memory_peak)) end
  return #list > 0 and table.concat(list, ", ") or nil
end

-- Confinement besides capabilities: rows of a key, a name and a text.
function labels.confinement(self)
  local seccomp, rows = self.seccomp, {}
  local parts = { seccomp.mode == "none" and "no filter" or seccomp.mode .. (seccomp.filters and seccomp.filters > 1 and (" (%d filters)"):format(seccomp.filters) or "") }
  local record = seccomp.record
  if record then
    table.insert(parts, "profile " .. clean(record.profile))
    if record.allow then table.insert(parts, ("%d system calls allowed"):format(record.allow)) end
    if record.notify then table.insert(parts, "its recipe answers " .. clean(table.concat(record.notify, ", "))) end
    if record.learn then table.insert(parts, "the calls it uses are being recorded") end
  end
  table.insert(rows, { "seccomp", "system calls", table.concat(parts, "; ") })
  table.insert(rows, { "no_new_privs", "no_new_privs", self.no_new_privs and "set: no program gains privileges by execve" or "not set: setuid programs work" })
  if self.landlock then table.insert(rows, { "landlock", "landlock", clean(tiny.show(self.landlock)) }) end
  return rows
end

return labels
