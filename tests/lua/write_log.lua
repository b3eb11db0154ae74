-- The log of a disk's writes that the kernel's dm-log-writes makes, and the disk after a power cut at any point of it. What was written
-- before the last flush is on the disk; of the writes after it, which are in the disk's cache, any may be lost.
local write_log = {}

local MAGIC, HEAD = 0x6a736677736872, "<I8I8I8I8"
local FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8

-- Reads a log: its entries { at (in bytes), size, from (the place of the data in the log), flush, fua, mark }, in order.
function write_log.read(path)
  local file <close> = assert(io.open(path, "rb"))
  local magic, _, count, unit = string.unpack("<I8I8I8I4", file:read(28))
  if magic ~= MAGIC then error(path .. " is no log of dm-log-writes") end
  local entries, place = {}, unit
  for i = 1, count do
    file:seek("set", place)
    local head = file:read(unit)
    local sector, sectors, flags, text = string.unpack(HEAD, head)
    local entry = { at = sector * unit, size = flags & DISCARD == 0 and sectors * unit or 0, from = place + unit, flush = flags & FLUSH ~= 0, fua = flags & FUA ~= 0 }
    if flags & MARK ~= 0 then entry.mark = head:sub(33, 32 + text) end
    entries[i], place = entry, place + unit + entry.size
  end
  return entries
end

local Disk = {}
Disk.__index = Disk

-- A disk before the first entry of a log; `path` is the file of what is surely on it.
function write_log.disk(entries, log, path)
  return setmetatable({ entries = entries, log = assert(io.open(log, "rb")), path = path, next = 1, cached = {} }, Disk)
end

local function apply(self, file, entry)
  if entry.size == 0 then return end
  self.log:seek("set", entry.from)
  file:seek("set", entry.at)
  assert(file:write(self.log:read(entry.size)))
end

-- Continues to the entry with this number: it is the last that the disk has received.
function Disk:continue(number)
  local file <close> = assert(io.open(self.path, "r+b"))
  while self.next <= number do
    local entry = self.entries[self.next]
    if entry.flush then
      for _, one in ipairs(self.cached) do apply(self, file, one) end
      self.cached = {}
    end
    if not entry.mark then table.insert(self.cached, entry) end
    self.next = self.next + 1
  end
end

-- Cuts the power: writes to a copy of the disk what of the cache survives; survives() says it for each write.
function Disk:cut(copy, survives)
  local file <close> = assert(io.open(copy, "r+b"))
  local lost = 0
  for _, entry in ipairs(self.cached) do
    if entry.fua or survives() then apply(self, file, entry) else lost = lost + 1 end
  end
  return lost
end

return write_log
