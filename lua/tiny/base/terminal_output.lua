-- Writes a container's output to our own standard output or error. On a terminal that the container does not own, control
-- sequences are made visible; a pipe or file receives every byte unchanged. `raw` turns that off.
local terminal_output = {}

-- A filter for descriptor 1 or 2; nil if bytes pass unchanged. options: raw, and those of tiny.terminal_filter.
function terminal_output.filter(number, options)
  if options and options.raw or not tiny.isatty(number) then return nil end
  return tiny.terminal_filter { whole_lines = options and options.whole_lines }
end

local File = {}
File.__index = File

-- Writes bytes; an incomplete character or sequence is held back until the rest arrives.
function File:write(bytes)
  return self.file:write(self.filter:text(bytes))
end

-- Ends the stream and writes what was held back.
function File:finish()
  return self.file:write(self.filter:text("", { last = true }))
end

-- A file object for descriptor 1 or 2. Both `write` and `finish` throw like a file's `write`.
function terminal_output.file(number, options)
  local file, filter = tiny.stdio(number), terminal_output.filter(number, options)
  if not filter then return { write = function(_, bytes) return file:write(bytes) end, finish = function() end } end
  return setmetatable({ file = file, filter = filter }, File)
end

-- The most that a full pipe holds after its writer has exited.
local REST = 1024 * 1024
-- The size of one write, and what a writable terminal accepts without blocking.
local PIECE, SURE = 16384, 128
-- /dev/ptmx (5:2): each open creates another terminal.
local PTMX = 5 << 8 | 2

local Relay = {}
Relay.__index = Relay

-- Writes what the terminal accepts now; returns whether nothing is left.
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

-- Reads a piece; returns whether there was one. After the program's exit, reads at most the rest of a full pipe, since
-- processes that it left behind may keep writing.
function Relay:take(rest)
  local bytes = self.from:read()
  if rest then self.left = (self.left or REST) - #(bytes or "") end
  self.ended = bytes == nil or rest and (not bytes or self.left <= 0)
  self.held, self.at = self.filter:text(bytes or "", { last = self.ended }), 1
  return bytes
end

-- Like tiny.relay's `move`. While the terminal is stopped (^S), output is kept and nothing more is read.
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

-- Opens descriptor 1 or 2 for use in a loop. A terminal is opened again in non-blocking mode, because the flags of a shared
-- open file must not change. Also returns whether writes may block anyway, because this user cannot open the terminal.
local function without_wait(number)
  local path = "/proc/self/fd/" .. number
  local own = tiny.isatty(number) and tiny.stat(path).rdev ~= PTMX and tiny.try(tiny.open, path, { write = true, nonblock = true })
  return own or tiny.stdio(number), not own
end

-- Relays a non-blocking pipe to descriptor 1 or 2, like tiny.relay; filtered for a terminal. options: as for `filter`.
function terminal_output.relay(from, number, options)
  local filter = terminal_output.filter(number, options)
  local into, waits = without_wait(number)
  if not filter then return tiny.relay(from, into) end
  return setmetatable({ from = from, into = into, waits = waits, filter = filter, held = "", at = 1 }, Relay)
end

return terminal_output
