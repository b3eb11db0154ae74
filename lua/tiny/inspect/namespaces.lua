-- The namespaces of a process against the caller's own, its maps of users and groups, and what it may do:
-- capabilities, filters of system calls, no_new_privs.
local source = require "tiny.inspect.source"

local spaces = {}

-- In the order of a reader: whose ids they are, then what a container mostly has of its own.
spaces.KINDS = { "user", "pid", "mount", "net", "uts", "ipc", "cgroup", "time" }
local FILES = { mount = "mnt" }

local function inode(link)
  return source.integer((link or ""):match(":%[(%d+)%]$"))
end

local function file_of(kind) return "ns/" .. (FILES[kind] or kind) end

-- The namespaces of this process, by kind.
function spaces.own()
  local found = {}
  for _, kind in ipairs(spaces.KINDS) do found[kind] = inode((tiny.try(tiny.readlink, "/proc/self/" .. file_of(kind)))) end
  return found
end

-- The eight: { kind, inode, host, own }, where host is the inode of the caller's, or of `reference`, and own tells whether
-- they differ. What this user may not see has no inode, and what the kernel does not have is missing.
function spaces.namespaces(held, reference)
  local list = {}
  for _, kind in ipairs(spaces.KINDS) do
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
function spaces.maps(held)
  return { uid = map(held, "uid_map"), gid = map(held, "gid_map") }
end

local MODES = { ["0"] = "none", ["1"] = "strict", ["2"] = "filter" }

-- What the record says of the filter of system calls: { profile, allow, notify, learn }.
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
    if asked.allow then found.profile = "a list of its own" end
  end
  return found
end

-- The seccomp mode with what is on record of it, no_new_privs, and Landlock's rules where they were asked for.
function spaces.confinement(held, config)
  local status = held:status()
  local seccomp = { mode = MODES[status.Seccomp] or "unknown", filters = source.integer(status.Seccomp_filters) }
  if config then seccomp.record = on_record(config) end
  return { seccomp = seccomp, no_new_privs = status.NoNewPrivs == "1", landlock = config and config.landlock }
end

return spaces
