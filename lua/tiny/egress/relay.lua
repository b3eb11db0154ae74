-- The check of a container's connections (`verify = "sni"`): a process of its own, since it parses what the container sends. It
-- accepts the connections that the fence redirects, reads the host that the client asks for, and gets from the keeper a
-- connection to where the client was going, if a rule allows that host there. It can open neither files nor connections.
local Loop = require "tiny.base.loop"
local Packets = require "tiny.egress.packets"
local keep_capabilities = require "tiny.base.keep_capabilities"

local relay = {}

-- Connections at once, and seconds for a client to name its host; connections accepted in one turn, and seconds to wait when
-- there are too many open files.
relay.MOST, relay.PATIENCE = 1024, 10
local BURST, PAUSE = 32, 0.05
-- Open files of a connection: two sockets, and a pipe in each direction. And those of the process itself.
local FILES, OWN = 6, 64

-- The system calls of accepting connections and moving bytes. None takes a path or a process; no socket can be created or
-- connected.
relay.calls = {
  "accept4", "brk", "clock_gettime", "close", "epoll_create1", "epoll_ctl", "epoll_pwait", "exit", "exit_group", "fcntl", "fstat",
  "futex", "getpeername", "getpid", "getrandom", "getsockname", "getsockopt", "gettid", "madvise", "mmap", "mprotect", "mremap", "munmap",
  "pipe2", "poll", "ppoll", "read", "readv", "recvfrom", "recvmsg", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
  "sched_yield", "sendmsg", "sendto", "setsockopt", "shutdown", "sigaltstack", "splice", "write", "writev",
}

function relay.confine(kept)
  local filter = tiny.seccomp_compile {
    defaultAction = "SCMP_ACT_ERRNO", syscalls = { { names = relay.calls, action = "SCMP_ACT_ALLOW" } },
  }
  tiny.withdraw_fds { keep = kept }
  tiny.set_dumpable(false)
  tiny.no_new_privs()
  tiny.landlock { paths = {}, tcp_bind = {}, tcp_connect = {}, scopes = { "abstract_unix", "signal" }, strict = false }
  keep_capabilities {}
  tiny.set_parent_death_signal "SIGKILL"
  tiny.seccomp(filter)
end

-- The ports that have one protocol: there another is refused.
local TLS, HTTP = { [443] = true }, { [80] = true }

-- What the client's first bytes ask for: { name, tls | http | connect }, { refused }, or nil and the bytes that are needed.
local function asked(r, port, bytes)
  local http = HTTP[port] or (not TLS[port] and bytes:find("^%a"))
  if http then
    local request, more = tiny.http_request(bytes)
    if not request then return nil, more end
    if request.refused then return request end
    if request.switch == "connect" then return { name = request.host, connect = true } end
    if request.port and request.port ~= port then return { name = request.host, refused = "a Host field with another port" } end
    return { name = request.host, http = true }
  end
  local hello, more = tiny.tls_client_hello(bytes)
  if not hello then return nil, more end
  if hello.refused then return hello end
  if hello.ech and not r.ech then return { name = hello.name, refused = "encrypted ClientHello, which egress_ech refuses" } end
  if not hello.name then return { refused = "no server name" } end
  return { name = hello.name, tls = true }
end

-- Forgets a connection that is not moved yet. The client's end stays open.
local function forget(r, c)
  if c.over then return end
  c.over = true
  r.pending = r.pending - 1
  r.asking[c.number or 0] = nil
  r.loop:off(c.client)
  r.loop:cancel(c.timer)
end

-- Asks the keeper, whose answer ends the connection or begins it.
local function ask(r, c, message)
  r.loop:off(c.client)
  r.loop:cancel(c.timer)
  r.next = r.next + 1
  c.number, r.asking[r.next] = r.next, c
  message.number, message.name, message.addr, message.port, message.from = r.next, c.name, c.addr, c.port, c.from
  r.keeper:send(message)
end

local function refuse(r, c, reason)
  ask(r, c, { op = "deny", reason = reason })
end

-- Reports what a check of a connection that is moved has refused; it is reset already.
local function report(r, c, reason)
  r.keeper:send { op = "deny", name = c.name, addr = c.addr, port = c.port, from = c.from, reason = reason }
end

-- The keeper has allowed it: moves the bytes. The connection to the server may not be made yet.
local function join(r, c, server)
  forget(r, c)
  local options = { data = c.bytes, port = c.port }
  if c.asked.tls then options.tls = c.name else options.http = c.name end
  local number, why = r.splicer:add(c.client, server, options)
  if number then
    r.moving[number], r.left = c, r.left + 1
  else
    report(r, c, why)
  end
end

-- Takes bytes of the client. They are joined when there are enough of them, since a client may send them one by one.
local function read(r, c)
  local bytes, err = tiny.try(c.client.read, c.client)
  if bytes == false then return end
  if err or not bytes then
    forget(r, c)
    return tiny.try(tiny.tcp_reset, c.client)
  end
  table.insert(c.parts, bytes)
  c.size = c.size + #bytes
  if c.size < c.needed then return end
  c.bytes = table.concat(c.parts)
  c.parts = { c.bytes }
  local found, more = asked(r, c.port, c.bytes)
  if not found then
    c.needed = more
    return
  end
  c.asked, c.name = found, found.name
  if found.refused then return refuse(r, c, found.refused) end
  ask(r, c, { op = "check", connect = found.connect })
end

-- Takes a redirected connection of the container.
local function begin(r, client)
  local addr, port = tiny.original_destination(client)
  local c = { client = client, addr = addr, port = port, parts = {}, size = 0, needed = 1 }
  local peer, from = client.path:match("^%[?([^%]]+)%]?:(%d+)$")
  c.from = math.tointeger(from)
  r.pending = r.pending + 1
  -- Nobody else has a way here, and the container only by the rule that redirects it.
  if not addr or not r.addrs[peer] then
    forget(r, c)
    return tiny.try(tiny.tcp_reset, client)
  end
  if r.pending + r.left > r.most then return refuse(r, c, ("more than %d connections at once"):format(r.most)) end
  c.timer = r.loop:after(relay.PATIENCE, function() refuse(r, c, ("the client named no host within %d s"):format(relay.PATIENCE)) end)
  r.loop:on(client, function() read(r, c) end)
  -- Usually the bytes are there already.
  read(r, c)
end

local function accept(r, listener)
  for _ = 1, BURST do
    local client, err = tiny.try(listener.accept, listener)
    if err then
      r.loop:off(listener)
      r.loop:after(PAUSE, function() r.loop:on(listener, function() accept(r, listener) end) end)
    end
    if not client then return end
    local _, failed = tiny.try(begin, r, client)
    if failed then tiny.try(tiny.tcp_reset, client) end
  end
end

-- Moves bytes; reports what a check has refused.
local function turn(r, list)
  for _, one in ipairs(list) do
    local c = r.moving[one.number]
    r.moving[one.number], r.left = nil, r.left - 1
    if one.refused then report(r, c, one.refused) end
  end
end

local of_keeper = {}

-- The answer to `check`: with a connection, or without.
function of_keeper.answer(r, message, server)
  local c = r.asking[message.number]
  if not c then return server and tiny.try(tiny.tcp_reset, server) end
  if server then return join(r, c, server) end
  forget(r, c)
  tiny.try(tiny.tcp_reset, c.client)
end

-- The rules have changed: connections that they allowed before end.
function of_keeper.reset(r)
  turn(r, (r.splicer:reset()))
  for _, c in pairs(r.asking) do
    forget(r, c)
    tiny.try(tiny.tcp_reset, c.client)
  end
end

-- The number of connections that the limit of open files allows, which is raised first.
local function room()
  local soft, hard = tiny.read_file("/proc/self/limits"):match("Max open files%s+(%d+)%s+(%d+)")
  local most = math.max(math.tointeger(soft), math.min(relay.MOST * FILES + OWN, math.tointeger(hard)))
  tiny.setrlimit("nofile", most, { hard = math.tointeger(hard) })
  return math.max(1, math.min(relay.MOST, (most - OWN) // FILES))
end

-- In the child: serves until the keeper ends. options: { addrs = the container's addresses as keys, ech = whether encrypted
-- ClientHello passes }.
function relay.run(socket, listeners, options)
  local r = { loop = Loop.new(), pending = 0, left = 0, next = 0, asking = {}, moving = {}, addrs = options.addrs, ech = options.ech, most = room() }
  relay.confine { socket, table.unpack(listeners) }
  r.splicer = tiny.splicer()
  r.keeper = Packets.new(r.loop, socket, function(message, file)
    local f = of_keeper[message.op]
    if f then f(r, message, file) end
  end, function() r.loop:stop() end)
  for _, listener in ipairs(listeners) do r.loop:on(listener, function() accept(r, listener) end) end
  r.loop:on(r.splicer, function() turn(r, (r.splicer:turn())) end)
  tiny.notify_ready()
  r.loop:run()
end

return relay
