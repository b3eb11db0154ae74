-- System calls that the supervisor answers (seccomp user notification): through the recipe's functions
-- (spec.seccomp.notify), a list of allowed calls (allow), or by recording calls (learn). A call blocks until it is answered;
-- once no process can answer, it fails with ENOSYS. Each program (the container's, and those of exec and health checks) has
-- its own filter, and sends its listener to the supervisor over a socket right before it starts.
local connect = require "tiny.egress.connect"
local state = require "tiny.store.state"

local notify = {}

-- The listener is sent with this call, so it cannot itself wait for the listener.
local CARRIER = "sendmsg"
local PRIVATE_FILE = tonumber("600", 8)

local KEYS = { allow = "strings", notify = "functions", learn = "string" }

-- The names of a table's functions, sorted; config.json stores this list instead of the table.
local function names_of(asked)
  if type((asked.notify or {})[1]) == "string" then return asked.notify end
  return require "tiny.base.sorted_keys"(asked.notify)
end

-- The part of spec.seccomp that is plain data.
function notify.plain(asked)
  return { allow = asked.allow, learn = asked.learn, notify = names_of(asked) }
end

-- The profile of the filter with the listener. watched: connections are explained or asked about as well.
local function listening(asked, watched)
  local names = names_of(asked)
  if not (asked.allow or asked.learn) then
    local rules = { { names = names, action = "SCMP_ACT_NOTIFY" } }
    if watched then table.move(connect.rules, 1, #connect.rules, 2, rules) end
    return { defaultAction = "SCMP_ACT_ALLOW", syscalls = rules }
  end
  local waits, allowed = { connect = watched }, { CARRIER }
  for _, name in ipairs(names) do waits[name] = true end
  for _, name in ipairs(asked.allow or {}) do
    if not waits[name] then table.insert(allowed, name) end
  end
  return { defaultAction = "SCMP_ACT_NOTIFY", syscalls = { { names = allowed, action = "SCMP_ACT_ALLOW" } } }
end

-- The profile of the second filter, which leaves the calls of the functions to the first.
local function beside(profile, asked)
  local names = names_of(asked)
  if #names == 0 then return profile end
  local rules = { { names = names, action = "SCMP_ACT_ALLOW" } }
  local changed = { syscalls = table.move(profile.syscalls or {}, 1, #(profile.syscalls or {}), 2, rules) }
  for key, value in pairs(profile) do changed[key] = changed[key] or value end
  return changed
end

-- A list of calls combined with a profile that denies unnamed calls, as one filter: calls that not both of them allow go to
-- the supervisor, which reports them. What the profile denies by name stays denied.
local function within(profile, asked, watched)
  local wanted, rules = { [CARRIER] = true }, {}
  for _, name in ipairs(asked.allow) do wanted[name] = true end
  for _, name in ipairs(names_of(asked)) do wanted[name] = false end
  if watched then wanted.connect = false end
  for _, rule in ipairs(profile.syscalls or {}) do
    local kept = { names = {} }
    for key, value in pairs(rule) do kept[key] = kept[key] or value end
    for _, name in ipairs(rule.names or { rule.name }) do
      local allows = rule.action == "SCMP_ACT_ALLOW"
      if wanted[name] or (wanted[name] == nil and not allows) then table.insert(kept.names, name) end
    end
    kept.name = nil
    if #kept.names > 0 then table.insert(rules, kept) end
  end
  return { defaultAction = "SCMP_ACT_NOTIFY", architectures = profile.architectures, archMap = profile.archMap, syscalls = rules }
end

-- Checks spec.seccomp before anything is created.
function notify.check(asked)
  local values, how = require "tiny.spec.values", asked.seccomp
  require("tiny.spec.schema").check("seccomp", how, KEYS)
  if not (how.allow or how.notify or how.learn) then values.wrong("seccomp: allow, notify or learn is required") end
  if how.learn and (how.allow or how.notify) then values.wrong("seccomp: learn cannot be combined with allow or notify") end
  if how.learn then
    how.learn = values.absolute(how.learn)
    require("tiny.base.output_file").check(how.learn, "seccomp: learn", "name a file for the policy")
  end
  for _, name in ipairs(names_of(how)) do
    if name == CARRIER then values.wrong("seccomp: notify: sendmsg cannot be answered, since it sends the listener") end
  end
  -- Names are checked strictly: a misspelled one would never match a call.
  for key, names in pairs { allow = how.allow or {}, notify = names_of(how) } do
    local rule = #names > 0 and { names = names, action = "SCMP_ACT_ERRNO" } or nil
    local _, err = tiny.try(tiny.seccomp_compile, { defaultAction = "SCMP_ACT_ALLOW", syscalls = { rule } }, { caps = {}, strict = true })
    if err then values.wrong(("seccomp: %s: %s"):format(key, err.message:gsub("^profile%.syscalls%[1%]%.names", ""))) end
  end
end

-- Adds a container's filters to `how`: listener, and filter for the remaining profile (nil if there is none). What the
-- container was started with is kept in its directory, for programs that run in it later.
function notify.filters(how, asked, profile, dir, running)
  local paths = { filter = dir .. "/seccomp", listener = dir .. "/seccomp.notify" }
  if running then
    how.filter, how.listener = tiny.read_file(paths.filter), tiny.read_file(paths.listener)
    if not how.listener then tiny.fail("the container's seccomp filter is missing: " .. paths.listener) end
    return
  end
  local list = asked.seccomp.allow and profile and profile.defaultAction == "SCMP_ACT_ERRNO"
  local watched = connect.watched(asked)
  local heard = list and within(profile, asked.seccomp, watched) or listening(asked.seccomp, watched)
  how.listener = tiny.seccomp_compile(heard, { caps = how.caps, notify = true })
  how.own = profile and asked.init and tiny.seccomp_compile(profile, { caps = how.caps }) or nil
  -- An errno of another filter would override the answer.
  how.filter = profile and not list and tiny.seccomp_compile(beside(profile, asked.seccomp), { caps = how.caps }) or nil
  if not how.filter then tiny.try(tiny.remove, paths.filter) end
  for key, path in pairs(paths) do
    if how[key] then tiny.write_file(path, how[key], { mode = PRIVATE_FILE }) end
  end
end

local function socket_of(id)
  local _, run = state.roots()
  return ("%s/%s/notify"):format(run, id)
end

-- Listens for programs that are run in the container later. With egress rules, their keeper does, and passes listeners on.
function notify.open(ctx)
  ctx.notify_sources = {}
  if connect.watched(ctx.spec) then
    -- Without its keeper, connections fail, but the container goes on.
    ctx.notify_from = tiny.try(tiny.unix_connect, require("tiny.egress.listeners").socket(ctx.run), { type = "seqpacket" }) or nil
    return
  end
  local path = ctx.run .. "/notify"
  tiny.try(tiny.remove, path)
  ctx.notify_door = tiny.unix_listen(path, { nonblock = true })
end

-- The socket through which a program that is run in the container sends its listener.
function notify.connect(id)
  local socket, err = tiny.try(tiny.unix_connect, socket_of(id))
  if socket then return socket end
  tiny.fail { message = "cannot reach the container's supervisor, which answers its system calls: " .. err.message, hint = "`tinylua ps` starts a new supervisor for it" }
end

-- In the process that becomes the program: loads the filter and sends its listener, with a pipe that closes when the program
-- starts. Until then, this process's own calls are not intercepted.
function notify.hand_over(how)
  local started, running = tiny.pipe()
  tiny.send_fd(how.socket, started)
  -- Kept open until the program starts; garbage collection would close them.
  how.held = { running, started }
  tiny.seccomp(how.listener, { send = how.socket })
end

return notify
