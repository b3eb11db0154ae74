-- Where a process of a container is about to connect to, from its system call that waits for an answer (connect(2), sendto(2)
-- with an address). The address may change before the kernel reads it itself: what is found here explains a denial and asks for
-- a permission; only the packet filter decides.
local connect = {}

-- The call's arguments with the address and its length, from 1.
local PLACES = { connect = { 2, 3 }, sendto = { 5, 6 } }
-- The lengths of sockaddr_in and sockaddr_in6 up to the address.
local LEAST, LEAST6, LONGEST = 8, 24, 28
local AF_INET, AF_INET6 = 2, 10
local MAPPED = ("\0"):rep(10) .. "\xff\xff"

-- The rules of a filter for these calls. Without an address sendto is send(2).
connect.rules = {
  { names = { "connect" }, action = "SCMP_ACT_NOTIFY" },
  { names = { "sendto" }, action = "SCMP_ACT_NOTIFY", args = { { index = 4, op = "SCMP_CMP_NE", value = 0 } } },
}

-- Whether the connections of a container are watched, by its spec or its recorded config. Without a network there are none.
function connect.watched(asked)
  return asked.egress ~= nil and asked.network ~= "none"
end

-- The filter for a container without other calls to answer.
function connect.filter(caps)
  return tiny.seccomp_compile({ defaultAction = "SCMP_ACT_ALLOW", syscalls = connect.rules }, { caps = caps, notify = true })
end

-- Whether a call is one of these.
function connect.is(call)
  return PLACES[call.call] ~= nil
end

-- Address and port of a socket address; nil for other families.
local function parsed(bytes)
  local family = string.unpack("=I2", bytes)
  if family == AF_INET then return tiny.format_addr(bytes:sub(5, 8)), (string.unpack(">I2", bytes, 3)) end
  if family ~= AF_INET6 or #bytes < LEAST6 then return nil end
  local addr = bytes:sub(9, 24)
  if addr:sub(1, 12) == MAPPED then addr = addr:sub(13) end
  return tiny.format_addr(addr), (string.unpack(">I2", bytes, 3))
end

-- The process of a thread, and its program. Its text is the container's.
local function caller(thread)
  local status = tiny.try(tiny.read_file, ("/proc/%d/status"):format(thread)) or ""
  local pid = tonumber(status:match("\nTgid:%s*(%d+)")) or thread
  local program = tiny.try(tiny.readlink, ("/proc/%d/exe"):format(thread)) or status:match("^Name:%s*([^\n]*)")
  return pid, program
end

-- Where a waiting call leads: address and port; nil for other sockets, and if the caller has ended.
function connect.target(listener, call)
  local place = PLACES[call.call]
  local length = place and call.args[place[2]] & 0xffffffff or 0
  if length < LEAST or call.pid == 0 then return nil end
  local bytes = tiny.try(tiny.seccomp_notify_read, listener, call.id, { pid = call.pid, address = call.args[place[1]], length = math.min(length, LONGEST) })
  if bytes then return parsed(bytes) end
end

-- The same with its process: a table of addr, port, pid and program.
function connect.read(listener, call)
  local addr, port = connect.target(listener, call)
  if addr then return connect.found(call, addr, port) end
end

function connect.found(call, addr, port)
  local pid, program = caller(call.pid)
  return { addr = addr, port = port, pid = pid, program = program }
end

-- The protocol of the call's socket; nil if it is none of the container's own any more.
function connect.protocol(found, call)
  local kind = tiny.try(tiny.process_socket, found.pid, call.args[1] & 0x7fffffff)
  return kind and kind.protocol
end

return connect
