-- Answers a container's system calls that wait for its supervisor (tiny.pipeline.seccomp_notify): by the recipe's functions, by
-- the list of allowed calls, or, in learning mode, by recording the calls.
local call_back = require "tiny.supervisor.callback"
local connect = require "tiny.egress.connect"
local format = require "tiny.format"
local kept = require "tiny.supervisor.kept_listeners"
local notified = require "tiny.supervisor.syscall_view"

local answers = {}

-- The maximum number of different calls reported in one run: the container chooses their numbers.
local MOST_NAMED = 100

local function began(source)
  source.began = source.began or #tiny.poll({ source.started }, 0) > 0
  return source.began
end

local function tell(ctx, text, ...)
  format.note("%s: " .. text, ctx.name, ...)
  format.flush()
end

-- Calls a function of the recipe and returns its answer. Errors and invalid answers deny the call.
local function asked(ctx, source, call, f)
  local answer, returned, name = nil, false, "seccomp.notify." .. call.call
  -- One view for all calls: it counts the callbacks.
  local view = ctx.notify_view or { spec = {}, record = ctx.record, name = ctx.name }
  ctx.notify_view = view
  view.spec[name] = function() answer, returned = f(notified(source.listener, call)), true end
  call_back(view, name)
  if type(answer) == "table" then return answer end
  -- An error has been reported already.
  if returned then tell(ctx, "%s returned %s, which is not an answer", name, tiny.show(answer)) end
  return { error = "EPERM" }
end

-- Whether the list of allowed calls, if there is one, has this one: with watched connections, the filter passes them all on.
local function may_connect(how, call)
  local listed = not how.allow
  for _, name in ipairs(how.allow or {}) do listed = listed or name == call.call end
  return listed
end

-- The answer; "later" if respond(answer) is called for it.
local function answer_of(ctx, source, call, respond)
  local how, is_watched = ctx.spec.seccomp or {}, connect.is(call) and connect.watched(ctx.spec)
  if how.learn then
    ctx.learner = ctx.learner or require "tiny.supervisor.learn".new(ctx)
    -- A bad pointer or a killed caller is no error here: the call needs no right.
    tiny.try(ctx.learner.see, ctx.learner, source.listener, call, began(source))
  end
  -- A connection goes on to the functions and lists below if it is not decided here.
  local connection = is_watched and require("tiny.supervisor.connections").answer(ctx, source, call, respond)
  if connection then return connection end
  if how.learn then return { continue = true } end
  if not began(source) then return { continue = true } end
  local f = (how.notify or {})[call.call]
  if type(f) == "function" then return asked(ctx, source, call, f) end
  if is_watched and may_connect(how, call) then return { continue = true } end
  ctx.denied = ctx.denied or { count = 0 }
  if not ctx.denied[call.call] and ctx.denied.count < MOST_NAMED then
    ctx.denied[call.call], ctx.denied.count = true, ctx.denied.count + 1
    tell(ctx, "denied %s, which is not an allowed system call (pid %d)", call.call, call.pid)
  end
  return { error = "EPERM" }
end

local function respond(ctx, source, call, answer)
  local _, err = tiny.try(tiny.seccomp_notify_respond, source.listener, call.id, answer)
  if not err then return end
  tell(ctx, "the answer to %s failed: %s", call.call, err.message)
  tiny.try(tiny.seccomp_notify_respond, source.listener, call.id, { error = "EPERM" })
end

-- Answers one pending call; false once no process has the filter.
local function serve(ctx, source)
  local call = tiny.seccomp_notify_receive(source.listener)
  if not call then return call == false end
  local function later(answer) respond(ctx, source, call, answer) end
  local answer = answer_of(ctx, source, call, later)
  if answer ~= "later" then later(answer) end
  return true
end

-- Receives the listener of the container's first program, and answers until the program has begun. If the start fails earlier,
-- no listener arrives, and the child reports the error itself.
function answers.accompany(ctx, socket)
  local source
  if ctx.notify_from then
    source = kept.receive(ctx)
  else
    local started = tiny.recv_fd(socket)
    local listener = started and tiny.recv_fd(socket)
    source = listener and { started = started, listener = listener }
  end
  if not source then return end
  local listener, started = source.listener, source.started
  ctx.notify_sources[listener] = source
  while not began(source) do
    for _, ready in ipairs(tiny.poll { listener, started }) do
      if ready == listener and not serve(ctx, source) then return end
    end
  end
end

-- Answers all calls of one listener, until no process has the filter any more.
function answers.serve_all(ctx, source)
  while true do
    tiny.poll { source.listener }
    if not serve(ctx, source) then return end
  end
end

local function watch(ctx, loop, source)
  ctx.notify_sources[source.listener] = source
  loop:on(source.listener, function()
    if serve(ctx, source) then return end
    loop:off(source.listener)
    ctx.notify_sources[source.listener] = nil
    kept.drop(ctx, source)
    kept.close(source)
  end)
end

-- A program has connected: it sends two files, the pipe and the listener.
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

-- Joins the loop; further calls are answered as events.
function answers.join(ctx, loop)
  for _, source in pairs(ctx.notify_sources) do watch(ctx, loop, source) end
  if ctx.notify_door then return loop:on(ctx.notify_door, function() greet(ctx, loop) end) end
  -- Without functions or lists, the keeper answers.
  local own = ctx.spec.seccomp or ctx.spec.egress_ask
  kept.join(ctx, loop, own and function(source) watch(ctx, loop, source) end)
end

-- The container has ended: writes the learned policy.
function answers.close(ctx)
  local _, err = tiny.try(function()
    if ctx.connections and ctx.connections:write(ctx) then return end
    if ctx.learner then ctx.learner:write() end
  end)
  if err then tell(ctx, "the learned policy is lost: %s", tostring(err)) end
  kept.forget(ctx)
  if ctx.notify_door then ctx.notify_door:close() end
end

return answers
