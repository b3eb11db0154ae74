-- A container's output on its way to our own standard output or error. On a terminal that the container was not
-- given, what would steer it is made visible; a pipe or file gets every byte as it is. `raw` turns that off.
local terminal_output = {}

-- A filter for descriptor 1 or 2; nil where bytes pass as they are. options: raw, and those of tiny.terminal_filter.
function terminal_output.filter(number, options)
  if options and options.raw or not tiny.isatty(number) then return nil end
  return tiny.terminal_filter { whole_lines = options and options.whole_lines }
end

local File = {}
File.__index = File

-- Writes bytes; what a cut character or sequence still lacks is waited for.
function File:write(bytes)
  return self.file:write(self.filter:text(bytes))
end

-- The stream has ended: what waited is written.
function File:finish()
  return self.file:write(self.filter:text("", { last = true }))
end

-- Descriptor 1 or 2 as a file to write a container's output to. Both `write` and `finish` throw as a file's `write` does.
function terminal_output.file(number, options)
  local file, filter = tiny.stdio(number), terminal_output.filter(number, options)
  if not filter then return { write = function(_, bytes) return file:write(bytes) end, finish = function() end } end
  return setmetatable({ file = file, filter = filter }, File)
end

-- As much as a pipe holds that a program left full.
local REST = 1024 * 1024
-- What is written at once, and what a terminal that has room for bytes surely takes without a wait.
local PIECE, SURE = 16384, 128
-- /dev/ptmx (5:2), which is another terminal each time it is opened.
local PTMX = 5 << 8 | 2

local Relay = {}
Relay.__index = Relay

-- Writes what the terminal takes now; returns whether that was all.
function Relay:put()
  while self.at <= #self.held do
    if self.waits and #select(2, tiny.poll({}, 0, { write = { self.into } })) == 0 then return false end
    local piece = self.held:sub(self.at, self.at + (self.waits and SURE or PIECE) - 1)
    local taken = self.into:write(piece, { wait = false })
    if taken == 0 then return false end
    self.at = self.at + taken
  end
  return true
end

-- Reads a piece; returns whether there was one. Of a rest not more than so much: what the program left behind may go on
-- writing.
function Relay:take(rest)
  local bytes = self.from:read()
  if rest then self.left = (self.left or REST) - #(bytes or "") end
  self.ended = bytes == nil or rest and (not bytes or self.left <= 0)
  self.held, self.at = self.filter:text(bytes or "", { last = self.ended }), 1
  return bytes
end

-- As tiny.relay's `move`: what the terminal does not take, since its person has stopped it (^S), is kept, and nothing more
-- is read.
function Relay:move(options)
  local rest, took = options and options.rest, false
  while self:put() do
    if self.ended then return nil end
    if took and not rest then return "from" end
    took = true
    self:take(rest)
  end
  return "into"
end

-- Descriptor 1 or 2 to write to from a loop. A terminal is opened once more so that writing does not wait: of an open file
-- that others share that is not to be changed. Returns too whether it waits all the same, where this user may not open it.
local function without_wait(number)
  local path = "/proc/self/fd/" .. number
  local own = tiny.isatty(number) and tiny.stat(path).rdev ~= PTMX and tiny.try(tiny.open, path, { write = true, nonblock = true })
  return own or tiny.stdio(number), not own
end

-- From a pipe that does not wait to descriptor 1 or 2, as tiny.relay; filtered for a terminal. options: as of `filter`.
function terminal_output.relay(from, number, options)
  local filter = terminal_output.filter(number, options)
  local into, waits = without_wait(number)
  if not filter then return tiny.relay(from, into) end
  return setmetatable({ from = from, into = into, waits = waits, filter = filter, held = "", at = 1 }, Relay)
end

return terminal_output
