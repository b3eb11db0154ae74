-- System calls of a container that its supervisor answers: by the recipe's functions (spec.seccomp.notify),
-- by the list of what may be called (allow), or by writing down what is called (learn). The kernel lets a
-- call wait until it has its answer; when nobody can give one any more, it fails with ENOSYS.
-- Each program (the container's own, and what exec and health checks run) has a filter of its own, whose
-- listener it sends to the supervisor by a socket right before it begins.
local call_back = require "tiny.call_back"
local format = require "tiny.format"
local notified = require "tiny.notified"
local state = require "tiny.state"

local notify = {}

-- What the listener itself travels by cannot wait for who has the listener.
local CARRIER = "sendmsg"
local PRIVATE_FILE = tonumber("600", 8)

-- So many different calls are named in one run: their numbers are the container's to choose.
local MOST_NAMED = 100

local KEYS = { allow = "strings", notify = "functions", learn = "string" }

-- The names of a table's functions, sorted; config.json has that list instead of the table.
local function names_of(asked)
  if type((asked.notify or {})[1]) == "string" then return asked.notify end
  local names = {}
  for name in pairs(asked.notify or {}) do table.insert(names, name) end
  table.sort(names)
  return names
end

-- What of spec.seccomp is plain data.
function notify.plain(asked)
  return { allow = asked.allow, learn = asked.learn, notify = names_of(asked) }
end

-- The profile of the filter that has the listener.
local function listening(asked)
  local names = names_of(asked)
  if not (asked.allow or asked.learn) then
    return { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = names, action = "SCMP_ACT_NOTIFY" } } }
  end
  local waits, allowed = {}, { CARRIER }
  for _, name in ipairs(names) do waits[name] = true end
  for _, name in ipairs(asked.allow or {}) do
    if not waits[name] then table.insert(allowed, name) end
  end
  return { defaultAction = "SCMP_ACT_NOTIFY", syscalls = { { names = allowed, action = "SCMP_ACT_ALLOW" } } }
end

-- The profile that holds besides, with what the functions decide about left to them.
local function beside(profile, asked)
  local names = names_of(asked)
  if #names == 0 then return profile end
  local rules = { { names = names, action = "SCMP_ACT_ALLOW" } }
  local changed = { syscalls = table.move(profile.syscalls or {}, 1, #(profile.syscalls or {}), 2, rules) }
  for key, value in pairs(profile) do changed[key] = changed[key] or value end
  return changed
end

-- A list of calls within a profile that denies what it does not name: one filter, in which all that is not
-- allowed by both is left to the supervisor, who names it. What the profile denies by name stays so.
local function within(profile, asked)
  local wanted, rules = { [CARRIER] = true }, {}
  for _, name in ipairs(asked.allow) do wanted[name] = true end
  for _, name in ipairs(names_of(asked)) do wanted[name] = false end
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

-- Checks spec.seccomp; what is wrong is told before anything acts.
function notify.check(asked)
  local spec, how = require "tiny.spec", asked.seccomp
  require("tiny.schema").check("seccomp", how, KEYS)
  if not (how.allow or how.notify or how.learn) then spec.wrong("seccomp: neither allow, notify nor learn is there") end
  if how.learn and (how.allow or how.notify) then spec.wrong("seccomp: what is learned cannot be decided at the same time: learn stands alone") end
  if how.learn then
    how.learn = spec.absolute(how.learn)
    require("tiny.target").check(how.learn, "seccomp: learn", "name a file for the policy")
  end
  for _, name in ipairs(names_of(how)) do
    if name == CARRIER then spec.wrong("seccomp: notify: sendmsg cannot wait for an answer: the listener travels by it") end
  end
  -- Names are looked at strictly: a misspelt one would never be asked about.
  for key, names in pairs { allow = how.allow or {}, notify = names_of(how) } do
    local rule = #names > 0 and { names = names, action = "SCMP_ACT_ERRNO" } or nil
    local _, err = tiny.try(tiny.seccomp_compile, { defaultAction = "SCMP_ACT_ALLOW", syscalls = { rule } }, { caps = {}, strict = true })
    if err then spec.wrong(("seccomp: %s: %s"):format(key, err.message:gsub("^profile%.syscalls%[1%]%.names", ""))) end
  end
end

-- Puts the filters of a container into `how`: listener, and filter, of what else holds (profile, or nil for
-- none). What it was started with stays in its folder, for programs that are run in it later.
function notify.filters(how, asked, profile, dir, running)
  local paths = { filter = dir .. "/seccomp", listener = dir .. "/seccomp.notify" }
  if running then
    how.filter, how.listener = tiny.read_file(paths.filter), tiny.read_file(paths.listener)
    if not how.listener then tiny.fail("the container's system call filter is missing: " .. paths.listener) end
    return
  end
  local list = asked.seccomp.allow and profile and profile.defaultAction == "SCMP_ACT_ERRNO"
  local heard = list and within(profile, asked.seccomp) or listening(asked.seccomp)
  how.listener = tiny.seccomp_compile(heard, { caps = how.caps, notify = true })
  how.own = profile and asked.init and tiny.seccomp_compile(profile, { caps = how.caps }) or nil
  -- An errno of another filter would take the place of the answer.
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

-- Listens for the programs that are run in the container later.
function notify.open(ctx)
  local path = ctx.run .. "/notify"
  tiny.try(tiny.remove, path)
  ctx.notify_door = tiny.unix_listen(path, { nonblock = true })
  ctx.notify_sources = {}
end

-- The socket by which a program that is run in the container sends its listener.
function notify.connect(id)
  local socket, err = tiny.try(tiny.unix_connect, socket_of(id))
  if socket then return socket end
  tiny.fail { message = "the container's supervisor, which answers its system calls, cannot be reached: " .. err.message, hint = "tinylua ps has a supervisor take it over" }
end

-- In the process that becomes the program: loads the filter and sends its listener, with a pipe that ends
-- when the program begins. What this process itself calls until then is not asked about.
function notify.hand_over(how)
  local started, running = tiny.pipe()
  tiny.send_fd(how.socket, started)
  -- Held until the program begins: what is collected is closed.
  how.held = { running, started }
  tiny.seccomp(how.listener, { send = how.socket })
end

local function began(source)
  source.began = source.began or #tiny.poll({ source.started }, 0) > 0
  return source.began
end

local function tell(ctx, text, ...)
  format.note("%s: " .. text, ctx.name, ...)
  format.flush()
end

-- What a function of the recipe says to a call. Whatever else it does denies it.
local function asked(ctx, source, call, f)
  local answer, name = nil, "seccomp.notify." .. call.call
  -- One for all calls: it counts how much was said.
  local view = ctx.notify_view or { spec = {}, record = ctx.record, name = ctx.name }
  ctx.notify_view = view
  view.spec[name] = function() answer = f(notified(source.listener, call)) end
  call_back(view, name)
  if type(answer) == "table" then return answer end
  if answer ~= nil then tell(ctx, "%s returned %s, which is no answer", name, tiny.show(answer)) end
  return { error = "EPERM" }
end

local function answer_of(ctx, source, call)
  local how = ctx.spec.seccomp or {}
  if how.learn then
    ctx.learner = ctx.learner or require "tiny.learn".new(ctx)
    -- A wrong pointer, a caller that is killed meanwhile: such a call asks for nothing.
    tiny.try(ctx.learner.see, ctx.learner, source.listener, call, began(source))
    return { continue = true }
  end
  if not began(source) then return { continue = true } end
  local f = (how.notify or {})[call.call]
  if type(f) == "function" then return asked(ctx, source, call, f) end
  ctx.denied = ctx.denied or { count = 0 }
  if not ctx.denied[call.call] and ctx.denied.count < MOST_NAMED then
    ctx.denied[call.call], ctx.denied.count = true, ctx.denied.count + 1
    tell(ctx, "denied %s, which is not among the system calls that it may make (pid %d)", call.call, call.pid)
  end
  return { error = "EPERM" }
end

-- Answers what waits; false when no process has the filter any more.
local function serve(ctx, source)
  local call = tiny.notify_receive(source.listener)
  if not call then return call == false end
  local _, err = tiny.try(tiny.notify_respond, source.listener, call.id, answer_of(ctx, source, call))
  if not err then return true end
  tell(ctx, "the answer to %s: %s", call.call, err.message)
  tiny.try(tiny.notify_respond, source.listener, call.id, { error = "EPERM" })
  return true
end

-- Takes the listener of the container's first program, and answers until that has begun. Nothing comes
-- where it fails before: then it says so itself.
function notify.accompany(ctx, socket)
  local started = tiny.recv_fd(socket)
  local listener = started and tiny.recv_fd(socket)
  if not listener then return end
  local source = { started = started, listener = listener }
  ctx.notify_sources[listener] = source
  while not began(source) do
    for _, ready in ipairs(tiny.poll { listener, started }) do
      if ready == listener and not serve(ctx, source) then return end
    end
  end
end

local function watch(ctx, loop, source)
  ctx.notify_sources[source.listener] = source
  loop:on(source.listener, function()
    if serve(ctx, source) then return end
    loop:off(source.listener)
    ctx.notify_sources[source.listener] = nil
    source.listener:close()
    source.started:close()
  end)
end

-- A program has connected: two files come, the pipe and the listener.
local function greet(ctx, loop)
  local socket = tiny.unix_accept(ctx.notify_door)
  if not socket then return end
  local started
  loop:on(socket, function()
    local file = tiny.try(tiny.recv_fd, socket)
    if file and not started then started = file return end
    loop:off(socket)
    socket:close()
    if file then watch(ctx, loop, { started = started, listener = file }) elseif started then started:close() end
  end)
end

-- Answers from now on, as events.
function notify.join(ctx, loop)
  for _, source in pairs(ctx.notify_sources) do watch(ctx, loop, source) end
  loop:on(ctx.notify_door, function() greet(ctx, loop) end)
end

-- The container has ended: what was learned is written down.
function notify.close(ctx)
  local _, err = tiny.try(function() if ctx.learner then ctx.learner:write() end end)
  if err then tell(ctx, "what was learned is lost: %s", tostring(err)) end
  for _, source in pairs(ctx.notify_sources) do
    source.listener:close()
    source.started:close()
  end
  ctx.notify_door:close()
  ctx.notify_sources = {}
end

return notify
