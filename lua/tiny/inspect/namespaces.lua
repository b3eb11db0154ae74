-- The namespaces of a process compared with the caller's, its id maps, and its confinement: capabilities, seccomp filters,
-- no_new_privs.
local source = require "tiny.inspect.source"

local namespaces = {}

-- In display order: users first, then those that a container usually has of its own.
namespaces.KINDS = { "user", "pid", "mount", "net", "uts", "ipc", "cgroup", "time" }
local FILES = { mount = "mnt" }

local function inode(link)
  return source.integer((link or ""):match(":%[(%d+)%]$"))
end

local function file_of(kind) return "ns/" .. (FILES[kind] or kind) end

-- The namespaces of this process, by kind.
function namespaces.own()
  local found = {}
  for _, kind in ipairs(namespaces.KINDS) do found[kind] = inode((tiny.try(tiny.readlink, "/proc/self/" .. file_of(kind)))) end
  return found
end

-- The namespaces: { kind, inode, host, own }, where host is the inode of the caller's, or of `reference`, and own whether they
-- differ. Namespaces that this user may not read have no inode; those that the kernel lacks are missing.
function namespaces.namespaces(held, reference)
  local list = {}
  for _, kind in ipairs(namespaces.KINDS) do
    local mine, theirs = reference[kind], inode(held:link(file_of(kind)))
    if mine then
      local own
      if theirs then own = theirs ~= mine end
      table.insert(list, { kind = kind, inode = theirs, host = mine, own = own })
    end
  end
  return list
end

local function map(held, name)
  local entries = {}
  for inside, outside, count in (held:read(name) or ""):gmatch("(%d+) +(%d+) +(%d+)") do
    table.insert(entries, { source.integer(inside), source.integer(outside), source.integer(count) })
  end
  return entries
end

-- { uid = { { inside, outside, count }, … }, gid = … }.
function namespaces.maps(held)
  return { uid = map(held, "uid_map"), gid = map(held, "gid_map") }
end

local MODES = { ["0"] = "none", ["1"] = "strict", ["2"] = "filter" }

-- The recorded seccomp options: { profile, allow, notify, learn }.
local function on_record(config)
  local found = { profile = config.privileged and "unconfined" or "default" }
  for _, option in ipairs(config.security_opt or {}) do
    found.profile = option:match("^seccomp[=:](.+)$") or found.profile
  end
  local asked = config.seccomp
  if asked then
    found.allow = asked.allow and #asked.allow or nil
    found.notify = asked.notify and #asked.notify > 0 and asked.notify or nil
    found.learn = asked.learn
    if asked.allow then found.profile = "its own list" end
  end
  return found
end

-- The seccomp mode with the recorded options, no_new_privs, and Landlock's rules if there are any.
function namespaces.confinement(held, config)
  local status = held:status()
  local seccomp = { mode = MODES[status.Seccomp] or "unknown", filters = source.integer(status.Seccomp_filters) }
  if config then seccomp.record = on_record(config) end
  return { seccomp = seccomp, no_new_privs = status.NoNewPrivs == "1", landlock = config and config.landlock }
end

return namespaces
