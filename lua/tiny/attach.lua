-- The person's side of a container's terminal: their terminal is raw, what they type goes in, what
-- comes out is shown; the size is followed; their terminal is as before on every way out.
local Keys = require "tiny.keys"
local Loop = require "tiny.loop"
local Outbox = require "tiny.outbox"
local format = require "tiny.format"

local attach = {}

local SIGNALS = { "SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGWINCH" }
-- What a terminal that is not raw would have made of the keys.
local TYPED = { SIGINT = "\3", SIGQUIT = "\28" }
-- More than this typed ahead waits in the person's own terminal.
local AHEAD = 1024 * 1024

-- The size of the person's terminal, { rows, cols }; nil without one.
function attach.size()
  for number = 0, 2 do
    if tiny.isatty(number) then return { tiny.terminal_size(tiny.stdio(number)) } end
  end
end

-- Reads standard input until the end or the detach keys.
local function follow_input(loop, far, keys)
  local stdin = tiny.stdio(0)
  local function stop() loop:off(stdin) end
  loop:on(stdin, function()
    local bytes = tiny.try(stdin.read, stdin, "16k")
    if bytes == false then return end
    if not bytes then
      stop()
      -- The end of the input is for the program what Ctrl-D is for a shell.
      return far:input("\4")
    end
    local passed, detach = keys:scan(bytes)
    if passed ~= "" then far:input(passed) end
    if detach then
      far.left = true
      return loop:stop()
    end
    if far.outbox.size > AHEAD then
      stop()
      far.outbox.on_empty = function() follow_input(loop, far, keys) end
    end
  end)
end

local function act_on(loop, far, name, sender)
  if name == "SIGWINCH" then
    local size = attach.size()
    return size and far:resize(size[1], size[2])
  end
  -- Its person's terminal is gone, or the far side cannot be told: the program goes on.
  if name == "SIGHUP" then
    far.left = true
    return loop:stop()
  end
  if sender == 0 and TYPED[name] then return far:input(TYPED[name]) end
  far:signal(name)
end

-- Shows the far side until it ends or is left. far: file, input, resize, signal, output.
local function relay(far, options)
  local loop, stdout = Loop.new(), tiny.stdio(1)
  local keys = Keys.new(options.keys)
  local signals <close> = tiny.signals(SIGNALS)
  local raw <close> = options.input and tiny.isatty(0) and tiny.raw_mode(0) or nil
  far.outbox = Outbox.new(loop, far.file, nil, function() end)
  local size = attach.size()
  if size then far:resize(size[1], size[2]) end
  loop:on(far.file, function()
    local bytes = far:output()
    if not bytes then return loop:stop() end
    if bytes ~= "" then tiny.try(stdout.write, stdout, bytes) end
  end)
  loop:on(signals, function()
    for name, sender in function() return signals:next() end do act_on(loop, far, name, sender) end
  end)
  if options.input then follow_input(loop, far, keys) end
  loop:run()
end

-- The far side of a managed container: messages to and from its supervisor (tiny.console).
local Supervised = {}
Supervised.__index = Supervised
function Supervised:input(bytes) self.outbox:put("i" .. bytes) end
function Supervised:resize(rows, cols) self.outbox:put(("r%d %d"):format(rows, cols)) end
function Supervised:signal(name) self.outbox:put("s" .. name) end
function Supervised:output()
  local message = tiny.try(self.file.read, self.file)
  if not message then return message == false and "" or nil end
  if message:sub(1, 1) == "o" then return message:sub(2) end
  self.ended = tiny.json_decode(message:sub(2))
  return ""
end

-- Is a client of a supervisor; returns the container's status, or 0 when it was left.
-- options: name, input (whether standard input is passed on), keys.
function attach.serve(connection, options)
  local far = setmetatable({ file = connection }, Supervised)
  relay(far, options)
  connection:close()
  if far.left then
    if tiny.isatty(2) then io.stderr:write("\n") end -- the program's line is not at its end
    format.note("%s runs on; `tinylua attach %s` comes back to it", options.name, options.name)
    return 0
  end
  if not far.ended then
    tiny.fail {
      message = ("the supervisor of %s is gone, or let go of a terminal that took no output for too long"):format(options.name),
      hint = ("`tinylua ps -a` tells; `tinylua attach %s` comes back to it"):format(options.name),
    }
  end
  if (far.ended.oom or 0) > 0 then format.note("%s ran out of memory; the kernel killed in it %d times", options.name, far.ended.oom) end
  return far.ended.status
end

-- The far side of a program that this process started itself: its pty.
local Own = {}
Own.__index = Own
function Own:input(bytes) self.outbox:put(bytes) end
function Own:resize(rows, cols) tiny.terminal_size(self.file, { rows = rows, cols = cols }) end
function Own:signal(name) if TYPED[name] then self:input(TYPED[name]) else self.asked = name end end
function Own:output()
  local bytes, err = tiny.try(self.file.read, self.file, "16k")
  if err or bytes == nil then return nil end
  return bytes or ""
end

-- Shows a pty until its programs are gone.
function attach.show(master, slave, options)
  slave:close()
  relay(setmetatable({ file = master }, Own), options)
  master:close()
end

-- Attaches to a container: to its terminal, or to what it writes from now on.
function attach.to(container, options)
  local name = container.config.name
  if container.state.status ~= "running" then
    tiny.fail { message = name .. " is not running", hint = "tinylua start " .. name }
  end
  if not container.config.tty then return require("tiny.logs").attach(container) end
  local path = require("tiny.console").path(container)
  local connection, err = tiny.try(tiny.unix_connect, path, { type = "seqpacket", nonblock = true })
  if not connection then
    tiny.fail { message = ("%s has no terminal any more: the supervisor that held it is gone (%s)"):format(name, err.code), hint = "tinylua logs -f " .. name }
  end
  return attach.serve(connection, { name = name, input = container.config.interactive, keys = options.keys })
end

return attach
