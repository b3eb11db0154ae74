-- Reads the files of a container's log as one: container.log and the older ones, container.log.1 and up, while they grow and
-- are rotated. A reader holds one piece of one file in memory, however long the files are.
local Logfile = {}
Logfile.__index = Logfile

-- Longer than any entry: 16 KiB of text, each byte written as \u00xx.
local PIECE = 256 * 1024

-- The regular file of this name; symbolic links are not followed.
local function look(path)
  local found = tiny.stat(path, { follow = false })
  return found and found.kind == "file" and found or nil
end

-- Opens a file that may be renamed meanwhile; returns it with its inode, device and size.
local function open(path)
  while true do
    local before = look(path)
    if not before then return nil end
    local handle = tiny.try(tiny.open, path, { nofollow = true })
    local after = handle and look(path)
    if after and after.ino == before.ino and after.dev == before.dev then
      return { handle = handle, ino = after.ino, dev = after.dev, size = after.size }
    end
    if handle then handle:close() end
  end
end

local function same(a, b)
  return a and b and a.ino == b.ino and a.dev == b.dev
end

local function name(path, n)
  return n == 0 and path or path .. "." .. n
end

-- A reader at the beginning of the oldest file.
function Logfile.new(path)
  local files, n = {}, 0
  while true do
    local file = open(name(path, n))
    if not file then break end
    -- A concurrent rotation has given the previous file this name.
    if not same(file, files[1]) then table.insert(files, 1, file) else file.handle:close() end
    n = n + 1
  end
  return setmetatable({ path = path, files = files, at = 0 }, Logfile)
end

-- Calls f(line, file number, offset) for each line, last line first, until f returns true.
function Logfile:backward(f)
  for number = #self.files, 1, -1 do
    local file = self.files[number]
    local place, rest = file.size, ""
    while place > 0 do
      local low = math.max(0, place - PIECE)
      local piece = file.handle:read(place - low, { at = low })
      if not piece then break end
      rest, place = piece .. rest, low
      local newlines, newline = {}, 0
      for next_one in function() return (rest:find("\n", newline + 1, true)) end do
        newline = next_one
        newlines[#newlines + 1] = newline
      end
      for i = #newlines, 1, -1 do
        local start = newlines[i - 1] or 0
        -- The text before the first newline may begin in the preceding piece.
        if start == 0 and low > 0 then break end
        if f(rest:sub(start + 1, newlines[i] - 1), number, low + start) then return end
      end
      if newlines[1] then rest = rest:sub(1, newlines[1]) end
      -- No entry is that long: it is not ours.
      if #rest > PIECE then rest = "" end
    end
  end
end

-- Continues at a position that `backward` reported.
function Logfile:go(number, offset)
  for _ = 1, number - 1 do table.remove(self.files, 1).handle:close() end
  self.at = offset
end

-- The file after the current one, if the current one is no longer the last.
local function successor(self)
  local current = self.files[1]
  while true do
    if current and same(look(self.path), current) then return nil end
    local n, oldest, place = 0, nil, nil
    while true do
      local found = look(name(self.path, n))
      if not found and n > 0 then break end
      if found then oldest = n end
      if same(found, current) then place = n end
      n = n + 1
    end
    if not oldest then return nil end
    -- If the current file was removed, the oldest remaining one follows.
    local wanted = place and place - 1 or oldest
    local file = open(name(self.path, wanted))
    if place and not file then return nil end
    if file and (not place or same(look(name(self.path, place)), current)) then return file end
    if file then file.handle:close() end
  end
end

-- The time at the head of an entry, which has a fixed position and can be compared as text.
function Logfile.time_of(line)
  return line:sub(10, 39)
end

-- The next piece of a file; nil if others have truncated it: the byte before is no longer the end of a line.
local function next_piece(self, file)
  local before = self.at > 0 and not self.inside and 1 or 0
  local piece = file.handle:read(PIECE + before, { at = self.at - before })
  if before == 0 then return piece or "" end
  if not piece or piece:sub(1, 1) ~= "\n" then return nil end
  return piece:sub(2)
end

-- Calls f(line) for each complete line from here to the present end of the log. A truncated file is read again from its start,
-- without what was read before.
function Logfile:forward(f)
  local last = false
  while true do
    local file = self.files[1]
    local piece = file and next_piece(self, file)
    if file and not piece then
      self.at, self.shown, piece = 0, self.newest, next_piece({ at = 0 }, file)
    end
    local done, line = 0, nil
    for newline in function() return piece and (piece:find("\n", done + 1, true)) end do
      line = piece:sub(done + 1, newline - 1)
      if not self.shown or Logfile.time_of(line) > self.shown then f(line) end
      done = newline
    end
    if done > 0 then
      self.at, last, self.inside, self.newest = self.at + done, false, false, Logfile.time_of(line)
    elseif piece and #piece == PIECE then
      -- No entry is that long: it is not ours.
      self.at, self.inside = self.at + #piece, true
    elseif #self.files > 1 then
      table.remove(self.files, 1).handle:close()
      self.at, self.inside, self.shown = 0, false, nil
    else
      local file_after = successor(self)
      if not file_after then return end
      if last or not file then
        if file then file.handle:close() end
        self.files[1], self.at, last = file_after, 0, false
        self.inside, self.shown = false, nil
      else
        -- It was renamed after its last write: read it to its end first.
        file_after.handle:close()
        last = true
      end
    end
  end
end

return Logfile
