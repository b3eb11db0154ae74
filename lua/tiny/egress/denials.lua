-- What a container was denied, as events: packets that the fence has rejected, names that the resolver has refused, and
-- connections that a check has ended. Joins each with the process that caused it: forwarded packets name none, so a process is
-- noted when it connects, and is otherwise found by its socket.
local events = require "tiny.store.events"
local owner = require "tiny.egress.owner"

local Denials = {}
Denials.__index = Denials

local denials = {}

-- Seconds that a process is remembered that has connected: a UDP socket may send long after it.
local REMEMBERED = 600
-- Seconds within which the first packet of a connection is reported.
local SOON = 1
-- How many notes, and how many reported denials, are kept.
local MOST = 4096
-- Events in a burst, and per second after it: a container must not push those of others out of the log.
local BURST, RATE = 200, 20
-- Seconds in which the same denial, such as that of a retransmission, is not reported again.
local SAME = 1
-- The usual reason.
denials.NO_RULE = "no rule allows it"
local PROTOCOLS = { [1] = "icmp", [6] = "tcp", [17] = "udp", [58] = "icmpv6", [132] = "sctp" }

-- record: the container's. options: process, a function that returns a pid in its network namespace; name_of(addr), the name
-- that led to an address.
function denials.new(record, options)
  local now = tiny.clock("monotonic")
  return setmetatable({
    record = record, process = options.process, name_of = options.name_of or function() end, notes = {}, order = {}, first = 1, next = 1, told = {},
    told_count = 0, tokens = BURST, at = now, suppressed = 0, count = 0,
  }, Denials)
end

local function place(addr, port)
  return addr .. " " .. port
end

-- Forgets the oldest notes.
function Denials:forget(now)
  while self.first < self.next do
    local oldest = self.order[self.first]
    if self.next - self.first < MOST and now - oldest.time < REMEMBERED then return end
    self.order[self.first], self.first = nil, self.first + 1
    local list = self.notes[oldest.place]
    table.remove(list, 1)
    if not list[1] then self.notes[oldest.place] = nil end
  end
end

-- A process is about to connect: { addr, port, pid, program }.
function Denials:connecting(found)
  local now = tiny.clock("monotonic")
  self:forget(now)
  local note = { pid = found.pid, program = found.program, time = now, place = place(found.addr, found.port) }
  local list = self.notes[note.place] or {}
  self.notes[note.place] = list
  table.insert(list, note)
  self.order[self.next], self.next = note, self.next + 1
end

-- The process that has connected to this address: of those just now, the first one whose packet was not reported yet; else the
-- last one.
function Denials:noted(addr, port, protocol)
  local list = self.notes[place(addr, port)]
  if not list then return nil end
  local found, now = list[#list], tiny.clock("monotonic")
  for i = protocol == "tcp" and #list or 0, 1, -1 do
    local note = list[i]
    if now - note.time > SOON then break end
    if not note.used then found = note end
  end
  found.used = true
  return found.pid, found.program
end

-- Whether this denial is written: not one that was reported just now, nor too many.
local function due(self, found)
  local now = tiny.clock("monotonic")
  local key = ("%s %s %s %s %s %s"):format(found.pid, found.name, found.addr, found.port, found.protocol, found.by)
  self.count = self.count + 1
  self.tokens, self.at = math.min(BURST, self.tokens + (now - self.at) * RATE), now
  if (self.told[key] or 0) > now or self.tokens < 1 then
    self.suppressed = self.suppressed + 1
    return false
  end
  if not self.told[key] then self.told_count = self.told_count + 1 end
  if self.told_count > MOST then self.told, self.told_count = {}, 1 end
  self.told[key], self.tokens = now + SAME, self.tokens - 1
  return true
end

-- Reports a denial: { name, addr, port, protocol, pid, program, reason, by }; from_port: the port of the process's socket, if
-- only that is known of it; event: its name, unless it is a denial.
function Denials:report(found, from_port, event)
  if not due(self, found) then return end
  local process = not found.pid and from_port and self.process and self.process()
  if process then found.pid, found.program = owner.find(process, found.protocol, from_port) end
  if found.by == "dns" then found.protocol = nil end
  if self.suppressed > 0 then found.suppressed, self.suppressed = self.suppressed, 0 end
  events.emit(self.record, event or "deny", found)
end

-- A packet that the fence has denied; reason: why, unless it is that no rule allows it.
function Denials:packet(packet, reason)
  local addr, port, protocol = packet.to, packet.to_port, PROTOCOLS[packet.protocol] or tostring(packet.protocol)
  if not addr then return end
  local pid, program
  if port then pid, program = self:noted(addr, port, protocol) end
  local found = { name = self.name_of(addr), addr = addr, port = port, protocol = protocol, pid = pid, program = program, reason = reason or denials.NO_RULE, by = "packet" }
  self:report(found, packet.from_port)
end

return denials
