-- A pool of containers that are ready but for their program: each takes one command, runs it, and is thrown away. No
-- container is used twice. Others are made in the background meanwhile.
--   local pool <close> = require("tiny.pool").new { size = 4, memory = "64m", network = "none" }
--   local result = pool:run({ "python3", "-c", "print(1)" }, { timeout = "2s" })
-- Processes that share a pool, such as children of the recipe, can each run commands at the same time.
local values = require "tiny.spec.values"

local pool = {}
local Pool = {}
Pool.__index = Pool
Pool.__name = "pool"

-- The most containers that wait: the kernel limits the descriptors in a queue.
local MOST = 100
local OUTPUT = 1 << 20
-- Seconds. A refill begins when a run has ended, but not later than this after its start.
local REFILL = 0.005
local RUN = { env = "pairs", stdin = "string", timeout = "duration", max_output = "size", wait = "duration" }

-- Keys that have no meaning for containers that are used once, by a program that waits for them.
local REFUSED = {
  command = "pass the command to pool:run", entrypoint = "pass the whole command to pool:run", name = "its containers are named by their ids",
  tty = "it has no terminal", interactive = "pass stdin to pool:run", restart = "its containers run once", health = "its containers run once",
  log = "the output is returned", timeout = "pass it to pool:run", cpu_time = "ulimits can limit it", max_output = "pass it to pool:run",
  publish = "its containers would share the port", publish_all = "its containers run once", on_start = "pool:run returns the result",
  on_exit = "pool:run returns the result", on_log = "the output is returned", on_oom = "pool:run returns the result",
  on_health = "its containers run once", on_pressure = "pool:run returns the result", pressure = "pool:run returns the result",
  cow = "nobody could apply the changes", cow_on_exit = "nobody could apply the changes", on_connect = "list the connections in egress",
  egress_learn = "learn the rules from a run", break_before = "it has no prompt", hostname = "each container is named by its id", ip = "its containers would share the address",
  ip6 = "its containers would share the address", mac_address = "its containers would share the address",
}

local function wrong(message, hint)
  tiny.fail { at = tiny.caller(), message = message, hint = hint, exit = 125 }
end

local function checked(asked, where)
  local types = {}
  for key, kind in pairs(require("tiny.spec.derived").types()) do types[key] = kind end
  types.size = "integer"
  require("tiny.spec.schema").check("pool.new", asked, types, where)
  local spec = {}
  for key, value in pairs(asked) do
    if REFUSED[key] then wrong(("pool.new: %s cannot be set for a pool"):format(key), REFUSED[key]) end
    spec[key] = value
  end
  -- The listener of its system calls exists only from the program on, and a container of a pool is handed over before.
  for _, key in ipairs { "notify", "learn" } do
    if (spec.seccomp or {})[key] then wrong(("pool.new: seccomp.%s cannot be set for a pool"):format(key), "seccomp.allow can") end
  end
  local size = spec.size or 1
  if size < 0 or size > MOST then wrong(("pool.new: size: %d is not between 0 and %d"):format(size, MOST)) end
  spec.size, spec.command, spec.log = nil, { "true" }, { driver = "none" }
  spec.labels = values.map("labels", spec.labels) or {}
  spec.labels["tinylua.pool"] = tostring(tiny.getpid())
  return require "tiny.pipeline.check"(spec), size
end

-- A command and its variables as strings that end with a zero byte, after the number of words: they may be no UTF-8.
local function request_of(words, env)
  local parts = { tostring(#words), table.unpack(words) }
  for name, value in pairs(env) do table.insert(parts, ("%s=%s"):format(name, value)) end
  return table.concat(parts, "\0") .. "\0"
end

-- Creates a pool of `size` containers [1] with the keys of container.new.
function pool.new(asked)
  local spec, size = checked(asked, tiny.caller())
  local self = setmetatable({ owner = tiny.getpid() }, Pool)
  local queue, orders
  self.queue, queue = tiny.socketpair { type = "seqpacket" }
  orders, self.orders = tiny.pipe()
  self.filler = tiny.fork(function()
    self.queue:close()
    self.orders:close()
    -- It ends by itself when this process has ended, after it has cleaned up; Ctrl-C is not meant for it.
    tiny.unwind_on_signals(false)
    tiny.setsid()
    require("tiny.supervisor.pool_keeper").fill(spec, size, queue, orders)
  end)
  queue:close()
  orders:close()
  return self
end

-- Orders one more container, once for each that was taken.
local function order(self, taken)
  if taken.ordered then return end
  taken.ordered = true
  tiny.try(self.orders.write, self.orders, "+")
end

-- Takes the next container; nil after `deadline`.
local function claim(self, deadline)
  local taken = {}
  if #tiny.poll({ self.queue }, 0) == 0 then
    order(self, taken)
    if #tiny.poll({ self.queue }, deadline and math.max(deadline - tiny.clock("monotonic"), 0)) == 0 then return nil end
  end
  local message = tiny.recv_fds(self.queue)
  if not message then wrong("the pool has ended: its process was killed") end
  if #message.files == 0 then
    order(self, taken)
    wrong("the pool cannot prepare a container: " .. message.data)
  end
  taken.control, taken.command, taken.stdin, taken.stdout, taken.stderr = table.unpack(message.files)
  return taken
end

local function close(taken)
  for _, name in ipairs { "control", "command", "stdin", "stdout", "stderr" } do taken[name]:close() end
end

-- Takes a container and gives it the command. One that has died in the queue is replaced by the next.
local function start(self, request, deadline)
  while true do
    local taken = claim(self, deadline)
    if not taken then return nil end
    local _, err = tiny.try(taken.command.write, taken.command, request)
    taken.command:close()
    if not err then return taken end
    close(taken)
    order(self, taken)
    if err.code ~= "EPIPE" then error(err, 0) end
  end
end

-- Reads what is there of a stream; false at its end.
local function take(run, name)
  local bytes = run.taken[name]:read()
  if bytes == false then return true end
  if not bytes then return false end
  local room = run.most - run.size
  if #bytes > room then
    bytes = bytes:sub(1, room)
    run:exceed("max_output")
  end
  run.size = run.size + #bytes
  table.insert(run[name], bytes)
  return true
end

local Run = {}
Run.__index = Run

-- Asks the keeper to end the run.
function Run:exceed(limit)
  if self.exceeded then return end
  self.exceeded = limit
  tiny.try(self.taken.control.write, self.taken.control, limit)
end

-- Writes what fits of the input.
function Run:feed()
  local count, err = tiny.try(self.taken.stdin.write, self.taken.stdin, self.input, { wait = false })
  self.input = not err and self.input:sub(count + 1) or ""
  if self.input == "" then self.taken.stdin:close() end
end

-- Seconds until something is due, at most the time to the refill.
function Run:wait_time()
  local due = not self.taken.ordered and self.began + REFILL or nil
  if self.deadline and not self.exceeded then due = math.min(due or self.deadline, self.deadline) end
  return due and math.max(due - tiny.clock("monotonic"), 0)
end

-- Follows the run to its end; returns the keeper's report. The streams are read before it, so that a full pipe delays nobody.
function Run:follow(owner)
  local taken, open = self.taken, { stdout = true, stderr = true }
  while true do
    local handles = { taken.control, open.stdout and taken.stdout or nil }
    if open.stderr then table.insert(handles, taken.stderr) end
    local writing = self.input ~= ""
    local ready, room = tiny.poll(handles, self:wait_time(), writing and { write = { taken.stdin } } or nil)
    local ended = false
    for _, handle in ipairs(ready) do
      if handle == taken.control then ended = true end
      if handle == taken.stdout then open.stdout = take(self, "stdout") end
      if handle == taken.stderr then open.stderr = take(self, "stderr") end
    end
    if room and room[1] then self:feed() end
    if ended then return open end
    if #ready == 0 then
      local now = tiny.clock("monotonic")
      if self.deadline and now >= self.deadline then self:exceed("timeout") end
      if now >= self.began + REFILL then order(owner, taken) end
    end
  end
end

-- What is left in the pipes: all processes have ended.
local function drain(run, open)
  for name, is_open in pairs(open) do
    while is_open and #tiny.poll({ run.taken[name] }, 0) > 0 and run.size < run.most and take(run, name) do end
  end
end

local function result_of(run)
  local taken = run.taken
  local open = run:follow(run.owner)
  local text = tiny.try(taken.control.read, taken.control)
  drain(run, open)
  local result = text and tiny.json_decode(text) or { status = 125, error = "its keeper was killed" }
  result.exceeded = result.exceeded or run.exceeded
  if run.exceeded and text then result.status, result.signal = require("tiny.supervisor.run_limits").verdict(result.exceeded) end
  result.timed_out, result.oom = result.exceeded == "timeout", (result.oom or 0) > 0
  result.stdout, result.stderr = table.concat(run.stdout), table.concat(run.stderr)
  result.usage = result.usage or {}
  result.usage.wall_seconds = tiny.clock("monotonic") - run.began
  return result
end

-- Runs a command in the next container, and waits for its end. options: env, stdin (a string), timeout, max_output [1m] and
-- wait, the longest time to wait for a container. Returns a table: status, signal, stdout, stderr, usage, exceeded ("timeout" or
-- "max_output"), timed_out, oom, error (why the command could not be executed); nil if no container was ready in time.
function Pool:run(command, options)
  options = options or {}
  require("tiny.spec.schema").check("pool:run", { command = command }, { command = "command" }, tiny.caller())
  require("tiny.spec.schema").check("pool:run", options, RUN, tiny.caller())
  if self.closed then wrong("the pool is closed") end
  local words = type(command) == "string" and { "/bin/sh", "-c", command } or command
  if #words == 0 or words[1] == "" then wrong("pool:run: no command given") end
  local timeout, patience = options.timeout and tiny.parse_duration(options.timeout), options.wait and tiny.parse_duration(options.wait)
  local env = {}
  for name, value in pairs(values.map("env", options.env) or {}) do env[name] = tostring(value) end
  for _, text in ipairs(words) do
    if text:find("\0", 1, true) then wrong(("pool:run: %s contains a zero byte"):format(tiny.show(text))) end
  end
  for name, value in pairs(env) do
    if name == "" or (name .. value):find("\0", 1, true) or name:find("=", 1, true) then wrong(("pool:run: env: %s is not a variable"):format(tiny.show(name))) end
  end
  local request = request_of(words, env)
  local taken = start(self, request, patience and tiny.clock("monotonic") + patience)
  if not taken then return nil end
  local run = setmetatable({ owner = self, taken = taken, input = options.stdin or "", stdout = {}, stderr = {}, size = 0 }, Run)
  run.most, run.began = options.max_output and tiny.parse_size(options.max_output) or OUTPUT, tiny.clock("monotonic")
  run.deadline = timeout and run.began + timeout
  if run.input == "" then taken.stdin:close() else run:feed() end
  local result, err = tiny.try(result_of, run)
  close(taken)
  order(self, taken)
  if err then error(err, 0) end
  return result
end

-- Removes all containers that wait; returns when they are gone. In another process than the one that created the pool, it only
-- releases that process's part.
function Pool:close()
  if self.closed then return end
  self.closed = true
  self.queue:close()
  self.orders:close()
  if self.owner == tiny.getpid() then self.filler:wait() end
end

Pool.__close = Pool.close

return pool
