-- The processes of a pool (tiny.pool). The filler keeps the pool full: it forks a keeper for each container. A keeper creates
-- its container up to the program, puts it into the queue, watches its only run, and removes it. It needs nobody for that: the
-- end of the pool's owner closes the queue and the connections.
local Loop = require "tiny.base.loop"
local container = require "tiny.container"
local events = require "tiny.store.events"
local lifecycle = require "tiny.supervisor.lifecycle"
local limits = require "tiny.pipeline.limits"
local run_limits = require "tiny.supervisor.run_limits"
local security = require "tiny.pipeline.security"
local supervisor = require "tiny.supervisor.supervisor"
local usage = require "tiny.supervisor.usage"

local keeper = {}

-- Seconds until a keeper that waits releases memory.
local IDLE = 3600
-- The namespaces whose removal takes long.
local HELD = { "mount", "net", "ipc" }

-- The most keepers that create their container at once.
local AT_ONCE = 4
-- Keepers in a row that were killed before their container was ready; then the filler reports it instead of trying again.
local KILLED = 3

-- The ends of a container's connections: `far` are the owner's, `near` those of the keeper and the container.
local function connect(near, far)
  near.control, far.control = tiny.socketpair { type = "seqpacket" }
  near.command, far.command = tiny.pipe()
  near.stdin, far.stdin = tiny.pipe { nonblock = "write" }
  far.stdout, near.stdout = tiny.pipe { nonblock = "read" }
  far.stderr, near.stderr = tiny.pipe { nonblock = "read" }
  near.ready, near.to_ready = tiny.pipe()
end

-- The command of a request, and `env` with its variables (tiny.pool).
local function read_request(text, env)
  local count, words = nil, {}
  for part in text:gmatch("([^\0]*)\0") do
    local name, value = part:match("^([^=]*)=(.*)$")
    if not count then count = tonumber(part)
    elseif #words < count then table.insert(words, part)
    else env[name] = value end
  end
  return words, env
end

local function close_all(handles)
  for _, handle in pairs(handles) do handle:close() end
end

local function read_all(file)
  local parts = {}
  for bytes in function() return file:read() end do table.insert(parts, bytes) end
  return table.concat(parts)
end

-- Inside, with all privileges dropped: waits for the command. The end of the keeper ends this process, and later the program.
-- early: the system call filter is the default one, which allows what follows; loading it takes a tenth of a millisecond.
local function awaiting(near, far, queue, early)
  return function(ctx)
    close_all(far)
    queue:close()
    near.control:close()
    tiny.set_parent_death_signal("SIGKILL")
    if early then security.last(ctx.security) end
    ctx.sealed = early
    -- The CPU time so far is not the program's.
    near.to_ready:write(tostring(os.clock()))
    near.to_ready:close()
    local text = read_all(near.command)
    near.command:close()
    if text == "" then tiny.fail("the pool was closed") end
    ctx.spec.command, ctx.spec.env = read_request(text, ctx.spec.env or {})
  end
end

-- Creates a container whose first process waits for its command.
local function make(ctx, near, far, queue)
  -- Not before the step: the processes that the network forks would keep them open, and no end would be seen.
  local before = {}
  for name, f in pairs(ctx.spec.before or {}) do before[name] = f end
  local own = before.namespaces
  function before.namespaces(...)
    if own then own(...) end
    connect(near, far)
    ctx.stdio, ctx.fifos = { [0] = near.stdin, near.stdout, near.stderr }, {}
  end
  ctx.spec.before = before
  local spec = ctx.spec
  local early = not (spec.seccomp or spec.security_opt or spec.landlock or spec.init or spec.privileged)
  ctx.born, ctx.await = function() end, awaiting(near, far, queue, early)
  require("tiny.pipeline.rootfs").prepare(ctx)
  container.prepare(ctx)
  near.to_ready:close()
  near.stdin:close()
  near.stdout:close()
  near.stderr:close()
  near.command:close()
  ctx.before = tonumber(near.ready:read() or "")
  if not ctx.before then
    ctx.child:wait_ready()
    tiny.fail("the container ended before it was ready")
  end
  ctx.process = ctx.child
  if ctx.egress then require("tiny.egress.keeper").born(ctx, ctx.child.pid) end
  -- The end of its last process would remove them before it is reported; here they are removed after that.
  ctx.held = {}
  for i, kind in ipairs(HELD) do ctx.held[i] = tiny.open_ns(kind, ctx.child) end
end

-- What the owner is told about the end of the run. The CPU time before the program is not the program's.
local function result_of(ctx)
  local result = { exceeded = ctx.exceeded }
  local ended, err = tiny.try(function() return table.pack(ctx.child:wait(nil, { usage = true })) end)
  local waited
  if ended then result.status, result.signal, waited = ended[1], ended[2], ended[3] else result.status, result.error = lifecycle.exit_of(err), tostring(err) end
  local spec = ctx.spec
  local stats = (spec.usage or spec.memory) and usage.stats(ctx.cgroup) or nil
  result.oom, result.usage = limits.oom_kills(ctx, stats), usage.of(nil, stats, waited) or {}
  local cpu = result.usage.cpu_seconds
  result.usage.cpu_seconds, result.usage.user_seconds, result.usage.system_seconds = cpu and math.max(cpu - ctx.before, 0), nil, nil
  if ctx.exceeded then result.status, result.signal = run_limits.verdict(ctx.exceeded) end
  return result
end

-- Waits for the end of the run. The owner ends it by naming the limit that was exceeded, or by closing the connection.
local function watch(ctx, control)
  local loop = Loop.new()
  -- Released memory would have to be read again when the run ends, which takes longer than the rest.
  loop.quiet = IDLE
  loop:on(ctx.child, function() loop:stop() end)
  loop:on(control, function()
    local limit = tiny.try(control.read, control)
    if not limit then loop:off(control) end
    ctx.exceeded = ctx.exceeded or limit
    tiny.try(tiny.kill, ctx.child, "SIGKILL")
  end)
  if ctx.resolver then require("tiny.net.resolver").join(ctx, loop) end
  if ctx.egress then require("tiny.egress.keeper").watch(ctx, loop) end
  loop:run()
  return result_of(ctx)
end

-- Gives the container to whoever claims it next.
local function offer(ctx, far, queue)
  tiny.send_fd(queue, far.control, { data = ctx.id, more = { far.command, far.stdin, far.stdout, far.stderr } })
  close_all(far)
  queue:close()
end

-- One container, from its creation to its removal. announce() is called when it is in the queue, or an error is.
local function keep(spec, queue, announce)
  local near, far = {}, {}
  local record, ctx
  local _, err = tiny.try(function()
    record = lifecycle.create(spec, { remove = true })
    tiny.set_process_title("tinylua: keeper of " .. record.id)
    ctx = supervisor.context(record, spec, { throwaway = true })
    make(ctx, near, far, queue)
    near.ready:close()
    offer(ctx, far, queue)
  end)
  if err and ctx then
    if ctx.child then tiny.try(ctx.child.close, ctx.child) end
    close_all(ctx.held or {})
    supervisor.clear(ctx)
    require("tiny.supervisor.cleanup").forget(record)
  end
  if err then tiny.try(queue.write, queue, tostring(err):sub(1, 4096)) end
  announce()
  if err then return end
  local result = watch(ctx, near.control)
  tiny.try(near.control.write, near.control, tiny.json_encode(result))
  near.control:close()
  close_all(ctx.held)
  tiny.try(ctx.child.close, ctx.child)
  supervisor.clear(ctx)
  events.emit(record, "start")
  lifecycle.ended(record, result)
end

local Filler = {}
Filler.__index = Filler

-- Forks the next keeper.
local function fork_keeper(self)
  return tiny.fork(function()
    self.orders:close()
    self.from:close()
    keep(self.spec, self.queue, function()
      tiny.try(self.into.write, self.into, ("%08d"):format(tiny.getpid()))
      self.into:close()
    end)
  end)
end

function Filler:start()
  self.wanted = self.wanted - 1
  local child = fork_keeper(self)
  self.busy[child.pid] = true
  self.count, self.keepers[child] = self.count + 1, true
end

-- Keepers that have put their container into the queue.
function Filler:announced()
  for pid in (self.from:read() or ""):gmatch("%d%d%d%d%d%d%d%d") do self.busy[tonumber(pid)] = nil end
  self.killed = 0
end

-- A keeper has ended. One that was killed before its container was in the queue is replaced.
function Filler:ended(child)
  tiny.try(child.wait, child)
  self.count, self.keepers[child] = self.count - 1, nil
  if not self.busy[child.pid] then return end
  self.busy[child.pid], self.killed = nil, self.killed + 1
  if self.killed < KILLED then self.wanted = self.wanted + 1 return end
  tiny.try(self.queue.write, self.queue, "the processes that prepare its containers are killed")
end

function Filler:turn()
  local preparing = 0
  for _ in pairs(self.busy) do preparing = preparing + 1 end
  while self.wanted > 0 and preparing < AT_ONCE do
    self:start()
    preparing = preparing + 1
  end
  local handles = { self.from, not self.closed and self.orders or nil }
  for child in pairs(self.keepers) do table.insert(handles, child) end
  for _, ready in ipairs(tiny.poll(handles)) do
    if ready == self.from then
      self:announced()
    elseif ready == self.orders then
      local orders = tiny.try(self.orders.read, self.orders)
      if orders then self.wanted = self.wanted + #orders else self.closed, self.wanted = true, 0 end
      if self.closed then self.queue:close() end
    else
      self:ended(ready)
    end
  end
end

-- Keeps `size` containers in the queue, and makes one more for each byte of `orders`; returns when that is closed and all
-- containers are gone.
function keeper.fill(spec, size, queue, orders)
  tiny.set_process_title("tinylua: pool")
  require "tiny.pipeline.process_state"()
  local from, into = tiny.pipe()
  local self = setmetatable({ spec = spec, wanted = size, queue = queue, orders = orders, from = from, into = into }, Filler)
  self.busy, self.keepers, self.count, self.killed = {}, {}, 0, 0
  while not self.closed or self.count > 0 do self:turn() end
end

return keeper
