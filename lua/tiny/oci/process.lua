-- What the program of a container, or one that exec adds, is given: limits, user, capabilities, priorities (config.md, "process").
local check = require "tiny.oci.check"

local process = {}

local NOTHING = {}
local SETS = { "bounding", "effective", "inheritable", "permitted", "ambient" }
local RLIMIT = "^RLIMIT_(%u+)$"
local LAST_ID = 4294967294

local IO_CLASSES = { IOPRIO_CLASS_RT = "realtime", IOPRIO_CLASS_BE = "best-effort", IOPRIO_CLASS_IDLE = "idle" }
local POLICIES = {
  SCHED_OTHER = "other", SCHED_BATCH = "batch", SCHED_IDLE = "idle", SCHED_FIFO = "fifo", SCHED_RR = "rr", SCHED_DEADLINE = "deadline",
  SCHED_ISO = "iso",
}
local FLAGS = {
  SCHED_FLAG_RESET_ON_FORK = "reset-on-fork", SCHED_FLAG_RECLAIM = "reclaim", SCHED_FLAG_DL_OVERRUN = "dl-overrun",
  SCHED_FLAG_KEEP_POLICY = "keep-policy", SCHED_FLAG_KEEP_PARAMS = "keep-params", SCHED_FLAG_UTIL_CLAMP_MIN = "util-clamp-min",
  SCHED_FLAG_UTIL_CLAMP_MAX = "util-clamp-max",
}

local function check_id(value, where)
  if value and (value < 0 or value > LAST_ID) then check.wrong(where, ("%s is not between 0 and %d"):format(tiny.show(value), LAST_ID)) end
end

local function capabilities(asked, where)
  for _, set in ipairs(SETS) do
    for i, name in ipairs(asked[set] or NOTHING) do
      local full, err = tiny.try(tiny.capability_name, name)
      if not full then check.wrong(("%s.capabilities.%s[%d]"):format(where, set, i - 1), err.message) end
      asked[set][i] = full
    end
  end
end

local function named(known, value, where)
  if known[value] then return end
  check.wrong(where, ("%s is not one of %s"):format(tiny.show(value), table.concat(require "tiny.base.sorted_keys"(known), ", ")))
end

-- A limit of 2^63 or more is "unlimited" (RLIM_INFINITY is 2^64 - 1).
local function limit(value)
  return (value < 0 or value >= 2 ^ 63) and "unlimited" or math.tointeger(value)
end

-- Checks a process; `where` begins the names in errors.
function process.check(asked, where)
  local user = asked.user or NOTHING
  check_id(user.uid, where .. ".user.uid")
  check_id(user.gid, where .. ".user.gid")
  for i, gid in ipairs(user.additionalGids or NOTHING) do check_id(gid, ("%s.user.additionalGids[%d]"):format(where, i - 1)) end
  if user.umask and (user.umask < 0 or user.umask > 511) then check.wrong(where .. ".user.umask", "it is not between 0 and 0777 (511)") end
  if asked.capabilities then capabilities(asked.capabilities, where) end
  local seen = {}
  for i, rlimit in ipairs(asked.rlimits or NOTHING) do
    local at = ("%s.rlimits[%d]"):format(where, i - 1)
    local name = rlimit.type:match(RLIMIT)
    if not name then check.wrong(at .. ".type", ("%s is not a limit such as RLIMIT_NOFILE"):format(tiny.show(rlimit.type))) end
    if seen[name] then check.wrong(at .. ".type", ("%s is there twice"):format(rlimit.type)) end
    seen[name] = true
    local soft, hard = limit(rlimit.soft), limit(rlimit.hard)
    if hard ~= "unlimited" and (soft == "unlimited" or soft > hard) then check.wrong(at, "the soft limit is above the hard limit") end
  end
  check.range(asked.oomScoreAdj, -1000, 1000, where .. ".oomScoreAdj")
  if asked.scheduler then
    named(POLICIES, asked.scheduler.policy, where .. ".scheduler.policy")
    check.range(asked.scheduler.nice, -20, 19, where .. ".scheduler.nice")
    check.range(asked.scheduler.priority, 0, 99, where .. ".scheduler.priority")
    for _, name in ipairs { "runtime", "deadline", "period" } do
      check.range(asked.scheduler[name], 0, math.maxinteger, where .. ".scheduler." .. name)
    end
    for i, flag in ipairs(asked.scheduler.flags or NOTHING) do named(FLAGS, flag, ("%s.scheduler.flags[%d]"):format(where, i - 1)) end
  end
  check.range((asked.ioPriority or NOTHING).priority, 0, 7, where .. ".ioPriority.priority")
  for _, name in ipairs { "initial", "final" } do
    local list = (asked.execCPUAffinity or NOTHING)[name]
    if list and not list:match "^%d[%d,%-]*$" then
      check.wrong(("%s.execCPUAffinity.%s"):format(where, name), ("%s is not a list of CPUs such as 0-3,7"):format(tiny.show(list)))
    end
  end
end

-- While this process still may: its priorities. It has had its OOM score since tiny.clone: the /proc of a container may be another file
-- system, whose files the container chooses (CVE-2019-19921, CVE-2025-52881).
function process.early(asked)
  local scheduler = asked.scheduler
  if scheduler then
    local flags = {}
    for i, flag in ipairs(scheduler.flags or NOTHING) do flags[i] = FLAGS[flag] end
    check.named("process.scheduler", tiny.set_scheduler, {
      policy = POLICIES[scheduler.policy], nice = scheduler.nice, priority = scheduler.priority, flags = flags, runtime = scheduler.runtime,
      deadline = scheduler.deadline, period = scheduler.period,
    })
  end
  local io = asked.ioPriority
  if io then check.named("process.ioPriority", tiny.set_io_priority, { class = IO_CLASSES[io.class], priority = io.priority or 0 }) end
end

-- Leaves the session keyring of the caller, whose keys are not the container's.
function process.join_keyring(name)
  local _, err = tiny.try(tiny.join_session_keyring, name)
  -- A kernel without keyrings has nothing to leave.
  if not err or err.code == "ENOSYS" then return end
  tiny.fail { message = "a session keyring of the container: " .. err.message, hint = "--no-new-keyring keeps the caller's",
    code = err.code }
end

local function is_null(there) return there and there.kind == "char" and require("tiny.oci.devices").number(there) == "1:3" end

-- The standard streams that are the host's /dev/null; nil without one. While /proc is the host's.
function process.null_streams()
  local found
  for number = 0, 2 do
    if is_null(tiny.stat(("/proc/self/fd/%d"):format(number))) then
      found = found or {}
      table.insert(found, number)
    end
  end
  return found
end

-- Makes them the container's own /dev/null, as runc does: a checkpoint can save only files of the container.
function process.reopen_null(numbers)
  if not is_null(tiny.stat("/dev/null", { root = "/" })) then return end
  local null <close> = tiny.open("/dev/null", { read = true, write = true })
  for _, number in ipairs(numbers) do tiny.dup2(null, number) end
end

function process.limits(asked)
  for _, rlimit in ipairs(asked.rlimits or NOTHING) do
    local name = rlimit.type:match(RLIMIT):lower()
    check.named("process.rlimits: " .. rlimit.type, tiny.setrlimit, name, limit(rlimit.soft), { hard = limit(rlimit.hard) })
  end
end

-- The capabilities that this process can give, by their names.
local function givable()
  local mine = {}
  for _, name in ipairs(tiny.caps().bounding) do mine[name] = true end
  return mine
end

-- Warns of the capabilities that cannot be given, since this process does not have them itself (config.md: a runtime warns and goes on).
-- Returns those that can.
function process.warn(asked, id)
  local mine, missing, seen = givable(), {}, {}
  for _, set in ipairs(SETS) do
    for _, name in ipairs((asked.capabilities or NOTHING)[set] or NOTHING) do
      if not mine[name] and not seen[name] then table.insert(missing, name) end
      seen[name] = true
    end
  end
  if #missing > 0 then
    local what = "process.capabilities: left out, since the runtime does not have them: " .. table.concat(missing, ", ")
    tiny.log("warn", what, { container = id })
  end
  return mine
end

-- The sets that can be given: those that this process has itself.
local function sets(asked, mine)
  local found = {}
  for _, set in ipairs(SETS) do
    found[set] = {}
    for _, name in ipairs(asked and asked[set] or NOTHING) do
      if mine[name] then table.insert(found[set], name) end
    end
  end
  -- The kernel keeps a capability ambient only while it is permitted and inheritable; engines ask for others too.
  local kept = {}
  for _, name in ipairs(found.ambient) do
    local held = 0
    for _, set in ipairs { "permitted", "inheritable" } do
      for _, other in ipairs(found[set]) do held = other == name and held + 1 or held end
    end
    if held == 2 then table.insert(kept, name) end
  end
  found.ambient = kept
  return found
end

-- Engines add a group that the user is in already, and the kernel keeps both.
local function groups_of(user)
  local groups, seen = {}, {}
  for _, gid in ipairs(user.additionalGids or NOTHING) do
    if not seen[gid] then table.insert(groups, gid) end
    seen[gid] = true
  end
  return groups
end

local function with(names, name)
  for _, other in ipairs(names) do
    if other == name then return names end
  end
  local more = table.move(names, 1, #names, 1, {})
  table.insert(more, name)
  return more
end

-- Becomes the user, with its capabilities. filter: installs a system call filter now. admin: keeps CAP_SYS_ADMIN besides, which a filter
-- needs that is installed later without no_new_privs; execve(2) takes it, since it is in no other set. mine: what `warn` has returned.
function process.become(asked, filter, admin, mine)
  local user, caps = asked.user or NOTHING, sets(asked.capabilities, mine or givable())
  tiny.set_caps { bounding = caps.bounding }
  if filter then filter() end
  if user.umask then tiny.umask(user.umask) end
  tiny.setuser(user.uid or 0, { gid = user.gid or 0, groups = groups_of(user), keep_caps = true })
  local permitted, effective = caps.permitted, caps.effective
  if admin then permitted, effective = with(permitted, "CAP_SYS_ADMIN"), with(effective, "CAP_SYS_ADMIN") end
  tiny.set_caps { permitted = permitted, effective = effective, inheritable = caps.inheritable, ambient = caps.ambient }
  if asked.noNewPrivileges then tiny.no_new_privs() end
end

-- The environment as a table; a name that comes twice has its last value.
function process.environment(asked, root)
  local env = {}
  for _, text in ipairs(asked.env or NOTHING) do
    local name, value = text:match("^([^=]+)=(.*)$")
    if name then env[name] = value end
  end
  if not env.HOME or env.HOME == "" then
    env.HOME = process.users.lookup(root, ("%d"):format(asked.user and asked.user.uid or 0)).home
  end
  if asked.terminal and not env.TERM then env.TERM = "xterm" end
  return env
end

-- Loaded before the root changes.
process.users = require "tiny.pipeline.users"

-- Whether a file is a program that this process may execute; otherwise false and the reason.
local function is_program(path)
  local allowed, code = tiny.access(path, "x")
  if allowed and (tiny.stat(path) or NOTHING).kind == "dir" then return false, "EACCES" end
  return allowed, code
end

local REASONS = { EACCES = "permission denied", ENOTDIR = "not a directory", ELOOP = "too many levels of symbolic links" }

-- Fails as execve(2) would if there is no such program, so that create reports it. In the container, as its user. Engines
-- derive their exit status, 126 or 127, from these words.
function process.find(asked, env)
  local name, why = asked.args[1], nil
  if name:find("/", 1, true) then
    local found, code = is_program(name)
    if found then return end
    why = REASONS[code] or "no such file or directory"
  else
    for folder in ((env.PATH or "/bin:/usr/bin") .. ":"):gmatch("([^:]*):") do
      local found, code = is_program((folder == "" and "." or folder) .. "/" .. name)
      if found then return end
      why = why or code == "EACCES" and REASONS.EACCES
    end
    why = why or "executable file not found in $PATH"
  end
  tiny.fail { message = ("exec %s: %s"):format(tiny.show(name), why), exit = 1 }
end

-- Replaces this process by the program. last: loads a system call filter, under which only execve(2) is left to do.
function process.exec(asked, env, keep, last)
  if keep and keep > 0 then env.LISTEN_FDS, env.LISTEN_PID = ("%d"):format(keep), "1" end
  local _, err = tiny.try(tiny.exec, { env = env, keep_fds = keep, last = last, table.unpack(asked.args) })
  err.args = { tiny.show(asked.args) }
  error(err, 0)
end

return process
