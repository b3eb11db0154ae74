-- A simulated user at a terminal: tinylua on a new pty, the keys that are typed, and the output that appears.
local check = require "check"

local Person = {}
Person.__index = Person

local DEVPTS = "/tmp/tinylua-person-pts"

-- Starts tinylua on a new terminal of 24 rows and 80 columns.
local function sit(...)
  if not check.mount_at(DEVPTS) then tiny.mount_devpts(DEVPTS, { create = true }) end
  local self = setmetatable({ shown = "" }, Person)
  local arguments = { ... }
  self.master, self.slave = tiny.openpty(DEVPTS)
  tiny.terminal_size(self.slave, { rows = 24, cols = 80 })
  self.mode_before = self:mode()
  self.child = check.start(function()
    tiny.setsid()
    tiny.set_controlling_terminal(self.slave)
    for number = 0, 2 do tiny.dup2(self.slave, number) end
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, table.unpack(arguments) }
  end)
  return self
end

-- The terminal's mode, as printed by stty.
function Person:mode()
  local p = io.popen("stty -g <" .. self.slave.path)
  local text = p:read("l")
  p:close()
  return text
end

function Person:type(text)
  self.master:write(text)
end

-- Waits until the pattern appears after the last match; returns its captures.
function Person:sees(pattern)
  local deadline = tiny.clock("monotonic") + 60
  while true do
    local found = table.pack(self.shown:find(pattern))
    if found[1] then
      self.shown = self.shown:sub(found[2] + 1)
      return table.unpack(found, 3, found.n)
    end
    local left = deadline - tiny.clock("monotonic")
    if left <= 0 or #tiny.poll({ self.master }, left) == 0 then
      error(("%q does not appear in %q"):format(pattern, self.shown), 2)
    end
    self.shown = self.shown .. self.master:read()
  end
end

-- Waits for tinylua's exit; returns its status. The terminal must be as it was before.
function Person:leaves()
  local status = self.child:wait("20s")
  check.equal(self:mode(), self.mode_before, "the terminal's mode")
  return status
end

return sit
