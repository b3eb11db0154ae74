-- A person's terminal in front of a program's: theirs is raw, what they type goes in, what comes out
-- is shown; the size is followed; their terminal is as before on every way out.
local Keys = require "tiny.client.detach_keys"
local Loop = require "tiny.base.loop"
local Outbox = require "tiny.base.write_queue"

local relay = {}

local SIGNALS = { "SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGWINCH" }
-- What a terminal that is not raw would have made of the keys.
relay.TYPED = { SIGINT = "\3", SIGQUIT = "\28" }
-- More than this typed ahead waits in the person's own terminal.
local AHEAD = 1024 * 1024

-- The size of the person's terminal, { rows, cols }; nil without one.
function relay.size()
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
      far.left = "keys"
      return loop:stop()
    end
    if far.outbox.size > AHEAD then
      stop()
      far.outbox.on_empty = function() follow_input(loop, far, keys) end
    end
  end)
end

local function act_on(loop, far, name, sender, proxy)
  if name == "SIGWINCH" then
    local size = relay.size()
    return size and far:resize(size[1], size[2])
  end
  -- Its person's terminal is gone, or signals are for us alone: the program goes on.
  if name == "SIGHUP" or not proxy then
    far.left = true
    return loop:stop()
  end
  if sender == 0 and relay.TYPED[name] then return far:input(relay.TYPED[name]) end
  -- What cannot be passed on ends the showing: the program's terminal closes, which it is told by SIGHUP.
  if far:signal(name) == false then loop:stop() end
end

-- Shows the far side until it ends or is left. far: file, input, resize, signal, output; options: input,
-- keys, proxy (false: a signal, also that of Ctrl-C at a terminal which is not raw, ends the showing).
function relay.show(far, options)
  local loop, stdout = Loop.new(), tiny.stdio(1)
  local keys = Keys.new(options.keys)
  local signals <close> = tiny.signals(SIGNALS)
  local raw <close> = options.input and tiny.isatty(0) and tiny.raw_mode(0) or nil
  far.outbox = Outbox.new(loop, far.file, nil, function() end)
  local size = relay.size()
  if size then far:resize(size[1], size[2]) end
  loop:on(far.file, function()
    local bytes = far:output()
    if not bytes then return loop:stop() end
    if bytes ~= "" then tiny.try(stdout.write, stdout, bytes) end
  end)
  loop:on(signals, function()
    for name, sender in function() return signals:next() end do act_on(loop, far, name, sender, options.proxy ~= false) end
  end)
  if options.input then follow_input(loop, far, keys) end
  loop:run()
end

return relay
