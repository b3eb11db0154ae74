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

-- The descriptor is the caller's own, and stays open.
function File:close() end

-- Descriptor 1 or 2 as a file to write a container's output to. Both `write` and `finish` throw as a file's `write` does.
function terminal_output.file(number, options)
  local file, filter = tiny.stdio(number), terminal_output.filter(number, options)
  if not filter then return { write = function(_, bytes) return file:write(bytes) end, finish = function() end } end
  return setmetatable({ file = file, filter = filter }, File)
end

-- As much as a pipe holds that a program left full.
local REST = 1024 * 1024

local Relay = {}
Relay.__index = Relay

-- As tiny.relay's `move`: what is there goes to the terminal, which is waited for. The rest is bounded, since what the
-- program left behind may go on writing.
function Relay:move(options)
  local moved = 0
  repeat
    local bytes = self.from:read()
    if bytes then
      self.into:write(bytes)
      moved = moved + #bytes
    end
    local ended = bytes == nil or options and options.rest and (not bytes or moved >= REST)
    if ended then return self.into:finish() and nil end
  until not (options and options.rest)
  return "from"
end

-- From a pipe that does not wait to descriptor 1 or 2 where that is a terminal to be filtered for; else nil.
function terminal_output.relay(from, number, options)
  if not terminal_output.filter(number, options) then return nil end
  return setmetatable({ from = from, into = terminal_output.file(number, options) }, Relay)
end

return terminal_output
