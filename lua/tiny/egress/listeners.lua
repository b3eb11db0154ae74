-- The keeper's side of a container's connect(2) calls. It holds the listeners of all programs of the container, so that the
-- calls continue whatever happens to the supervisor, notes where each leads, and lets it go on: the packet filter decides. If
-- the recipe's functions answer calls, the listeners are given to the supervisor, which then answers while it lives; each new
-- supervisor gets them again.
local connect = require "tiny.egress.connect"

local Listeners = {}
Listeners.__index = Listeners

local listeners = {}

-- The socket through which a supervisor gets the listeners.
function listeners.socket(run)
  return run .. "/egress.listeners"
end

-- Answers one waiting call; false once no process has the filter.
local function serve(self, source)
  local call = tiny.seccomp_notify_receive(source.listener)
  if not call then return call == false end
  local addr, port = connect.target(source.listener, call)
  -- What the fence lets through needs no explanation, and costs less.
  if addr and not self.allowed(addr, port) then self.connecting(connect.found(call, addr, port)) end
  -- Of another call, only the supervisor knows the answer; without it, the call fails as if nobody had the listener.
  local answer = connect.is(call) and { continue = true } or { error = "ENOSYS" }
  tiny.try(tiny.seccomp_notify_respond, source.listener, call.id, answer)
  return true
end

local function tell(self, message)
  if self.supervisor then tiny.try(self.supervisor.write, self.supervisor, tiny.json_encode(message)) end
end

function Listeners:drop(source)
  self.loop:off(source.listener)
  self.sources[source.id] = nil
  source.listener:close()
  source.started:close()
end

function Listeners:watch(source)
  self.loop:on(source.listener, function()
    if tiny.try(serve, self, source) then return end
    self:drop(source)
    tell(self, { drop = source.id })
  end)
end

local function give(self, source)
  if not self.supervisor then return end
  local _, err = tiny.try(tiny.send_fd, self.supervisor, source.started, { more = { source.listener }, data = tiny.json_encode { id = source.id } })
  if err then self:lost() end
end

-- A program's two files have arrived: the pipe that closes when it starts, and its listener.
function Listeners:add(started, listener)
  local source = { id = self.next, started = started, listener = listener }
  self.sources[source.id], self.next = source, self.next + 1
  if not (self.supervisor and self.answered) then self:watch(source) end
  give(self, source)
end

-- The supervisor has ended: from now on, the calls are answered here.
function Listeners:lost()
  if not self.supervisor then return end
  self.loop:off(self.supervisor)
  self.supervisor:close()
  self.supervisor = nil
  for _, source in pairs(self.sources) do self:watch(source) end
end

-- What the supervisor has said since the last call: whose connections follow, and which programs have ended.
function Listeners:notes()
  while self.supervisor and #tiny.poll({ self.supervisor }, 0) > 0 do
    local message = tiny.try(tiny.recv_fds, self.supervisor)
    if not message then return self:lost() end
    local found = tiny.json_decode(message.data)
    if type(found) ~= "table" then return self:lost() end
    if found.addr then self.connecting(found) end
    if self.sources[found.drop] then self:drop(self.sources[found.drop]) end
  end
end

-- A supervisor has connected; the one before has ended.
local function welcome(self)
  local socket = tiny.unix_accept(self.door, { nonblock = true })
  if not socket then return end
  self:lost()
  self.supervisor = socket
  self.loop:on(socket, function() self:notes() end)
  for _, source in pairs(self.sources) do
    if self.answered then self.loop:off(source.listener) end
    give(self, source)
  end
end

-- Receives the two files of a program from a socket, then calls done(started, listener); without arguments if they do not come.
local function pair(loop, socket, done)
  local started
  loop:on(socket, function()
    local file = tiny.try(tiny.recv_fd, socket)
    if file and not started then started = file return end
    loop:off(socket)
    socket:close()
    if file then return done(started, file) end
    if started then started:close() end
  end)
end

local function listen(path, kind)
  tiny.try(tiny.remove, path)
  return tiny.unix_listen(path, { nonblock = true, type = kind })
end

-- Joins the keeper's loop. options: run, the container's run directory; first, the socket from which its first program sends its
-- listener; sources, those of a keeper that was killed; answered, whether the supervisor answers the calls; connecting(found), called with each connection (tiny.egress.connect) for which allowed(addr, port) is false.
function listeners.join(loop, options)
  local self = setmetatable({ loop = loop, sources = {}, next = 1, answered = options.answered, connecting = options.connecting, allowed = options.allowed }, Listeners)
  local function add(started, listener) self:add(started, listener) end
  if options.first then pair(loop, options.first, add) end
  for _, source in pairs(options.sources or {}) do add(source.started, source.listener) end
  -- For supervisors, and for programs that are run in the container later (tiny.pipeline.seccomp_notify).
  self.door, self.later = listen(listeners.socket(options.run), "seqpacket"), listen(options.run .. "/notify", "stream")
  loop:on(self.door, function() welcome(self) end)
  loop:on(self.later, function()
    local socket = tiny.unix_accept(self.later)
    if socket then pair(loop, socket, add) end
  end)
  return self
end

return listeners
