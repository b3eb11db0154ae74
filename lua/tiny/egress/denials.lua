-- What a container was denied, as events: packets that the filter has rejected, names that the resolver has refused, and
-- connections that a check has ended. Joins each with the process that caused it: forwarded packets name none, so a process is
-- noted when it connects.
local events = require "tiny.store.events"
local owner = require "tiny.egress.owner"

local Denials = {}
Denials.__index = Denials

local denials = {}

-- Seconds that a process is remembered that connected somewhere. A UDP socket may connect long before it sends.
local REMEMBERED = 600
-- How many notes and names are kept.
local MOST = 4096
-- Events in a burst, and per second after it: a container must not push others' events out of the log.
local BURST, RATE = 200, 20
-- Seconds in which a repeated denial, such as that of a retransmission, is counted but not reported again.
local SAME = 1

local NO_RULE = "no rule allows it"
local PROTOCOLS = { [1] = "icmp", [6] = "tcp", [17] = "udp", [58] = "icmpv6", [132] = "sctp" }

-- record: the container's. options: pids, a function that returns its processes, the first one in its network namespace; emit, for
-- tests.
function denials.new(record, options)
  return setmetatable({
    record = record, pids = options.pids, emit = options.emit or events.emit, notes = {}, order = {}, first = 1, next = 1, names = {}, name_count = 0,
    tokens = BURST, at = tiny.clock("monotonic"), last = {}, last_count = 0, suppressed = 0,
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

-- The resolver has given the container this address for a name.
function Denials:named(name, addr)
  if not self.names[addr] then
    if self.name_count >= MOST then self.names, self.name_count = {}, 0 end
    self.name_count = self.name_count + 1
  end
  self.names[addr] = name
end

-- The name whose answer had this address last.
function Denials:name_of(addr)
  return self.names[addr]
end

-- The process that connected to this address: the oldest one whose connection was not reported yet, since each has one first packet;
-- else the last one.
function Denials:process(addr, port, protocol)
  local list = self.notes[place(addr, port)]
  if not list then return nil end
  local found = list[#list]
  for _, note in ipairs(protocol == "tcp" and list or {}) do
    if not note.used then found = note break end
  end
  found.used = true
  return found.pid, found.program
end

local function tell(self, attributes)
  if self.suppressed > 0 then attributes.suppressed, self.suppressed = self.suppressed, 0 end
  self.emit(self.record, "deny", attributes)
end

-- Whether an event may be written now.
function Denials:may(now)
  self.tokens, self.at = math.min(BURST, self.tokens + (now - self.at) * RATE), now
  if self.tokens < 1 then return false end
  self.tokens = self.tokens - 1
  return true
end

-- Reports a denial: { name, addr, port, protocol, pid, program, reason, by }.
function Denials:report(found)
  local now = tiny.clock("monotonic")
  local key = ("%s %s %s %s %s %s"):format(found.pid, found.name, found.addr, found.port, found.protocol, found.by)
  local before = self.last[key]
  if self.last_count >= MOST then self.last, self.last_count = {}, 0 end
  if not before then self.last_count = self.last_count + 1 end
  if before and now - before < SAME or not self:may(now) then
    self.suppressed = self.suppressed + 1
    return
  end
  self.last[key] = now
  tell(self, found)
end

-- A packet that the fence has denied; reason: why, if it is not that no rule allows it.
function Denials:packet(packet, reason)
  local addr, port, protocol = packet.to, packet.to_port, PROTOCOLS[packet.protocol] or tostring(packet.protocol)
  local pid, program
  if port then pid, program = self:process(addr, port, protocol) end
  if not pid and packet.from_port then pid, program = owner.find(self.pids(), protocol, packet.from_port) end
  self:report { name = self.names[addr], addr = addr, port = port, protocol = protocol, pid = pid, program = program, reason = reason or NO_RULE, by = "packet" }
end

-- A name that the resolver has refused to `from`, "127.0.0.1:40000"; protocol: that of the query.
function Denials:query(name, reason, from, protocol)
  local port = tonumber(tostring(from):match(":(%d+)$"))
  local pid, program
  if port then pid, program = owner.find(self.pids(), protocol or "udp", port) end
  self:report { name = name, pid = pid, program = program, reason = reason, by = "dns" }
end

return denials
