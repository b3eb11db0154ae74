-- Connects the user's terminal to a program's: sets it to raw mode, relays input and output, forwards size changes, and restores
-- it on every exit path.
local Keys = require "tiny.client.detach_keys"
local Loop = require "tiny.base.loop"
local Outbox = require "tiny.base.write_queue"

local relay = {}

local SIGNALS = { "SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGWINCH" }
-- The bytes that these signals' keys produce in raw mode.
relay.TYPED = { SIGINT = "\3", SIGQUIT = "\28" }
-- If more input than this is pending, reading from the terminal pauses.
local AHEAD = 1024 * 1024

-- The size of the user's terminal, { rows, cols }; nil without one.
function relay.size()
  for number = 0, 2 do
    if tiny.isatty(number) then return { tiny.terminal_size(tiny.stdio(number)) } end
  end
end

-- Refuses input that is not a terminal, as docker does. Its end would be a Ctrl-D, which a program may discard when it changes
-- the mode of its terminal.
function relay.check_input()
  if tiny.isatty(0) then return end
  tiny.fail { message = "the input is not a terminal: leave out -t", exit = 125 }
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
      -- An end of file is passed to the program as Ctrl-D.
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
  -- The user's terminal is gone, or signals are not to be forwarded: detach, and the program continues.
  if name == "SIGHUP" or not proxy then
    far.left = true
    return loop:stop()
  end
  if sender == 0 and relay.TYPED[name] then return far:input(relay.TYPED[name]) end
  -- A signal that cannot be forwarded ends this: the program's terminal closes, and the program gets SIGHUP.
  if far:signal(name) == false then loop:stop() end
end

-- Shows bytes. If the reader of this output is gone (`| head`), `gone` is set, and far:give_up() asks to end what is shown; nil
-- or false: only the connection ends.
local function show(loop, far, stdout, bytes)
  if far.gone or bytes == "" then return end
  local _, err = tiny.try(stdout.write, stdout, bytes)
  if not err or err.code ~= "EPIPE" then return end
  far.gone = true
  if not (far.give_up and far:give_up()) then loop:stop() end
end

-- Shows the connection until it ends or the user detaches. far: file, input, resize, signal, output; options: input, keys,
-- proxy (false: any signal, such as Ctrl-C at a terminal that is not raw, detaches).
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
    show(loop, far, stdout, bytes)
  end)
  loop:on(signals, function()
    for name, sender in function() return signals:next() end do act_on(loop, far, name, sender, options.proxy ~= false) end
  end)
  if options.input then follow_input(loop, far, keys) end
  loop:run()
end

return relay
