-- Attaches the user's terminal to a container, through its supervisor, or to the pty of a program that this process started.
local format = require "tiny.format"
local relay = require "tiny.client.tty_proxy"

local attach = {}

-- The connection to a managed container: messages to and from its supervisor (tiny.supervisor.console).
local Supervised = {}
Supervised.__index = Supervised
function Supervised:input(bytes) self.outbox:put("i" .. bytes) end
function Supervised:resize(rows, cols) self.outbox:put(("r%d %d"):format(rows, cols)) end
function Supervised:signal(name) self.outbox:put("s" .. name) end
-- Only the command that runs a container ends it.
function Supervised:give_up()
  if self.owner then self.outbox:put("g") end
  return self.owner
end
function Supervised:output()
  local message = tiny.try(self.file.read, self.file)
  if not message then return message == false and "" or nil end
  if message:sub(1, 1) == "o" then return message:sub(2) end
  self.ended = tiny.json_decode(message:sub(2))
  return ""
end

-- Runs as a client of a supervisor; returns the container's status, or 0 after a detach.
-- options: input (whether standard input is passed on), keys, owner (the container ends if nobody reads its output).
function attach.serve(container, connection, options)
  local name = container.config.name
  local far = setmetatable({ file = connection, owner = options.owner }, Supervised)
  relay.show(far, options)
  connection:close()
  if far.gone then return 128 + tiny.signal_number("SIGPIPE") end
  if far.left then
    if tiny.isatty(2) then io.stderr:write("\n") end -- the program's last line may be incomplete
    format.note("%s is still running; `tinylua attach %s` attaches again", name, name)
    require("tiny.store.events").emit(container, "detach")
    return 0
  end
  if not far.ended then
    tiny.fail {
      message = ("the supervisor of %s has ended, or closed the connection because this terminal took no output for too long"):format(name),
      hint = ("`tinylua ps -a` shows its state; `tinylua attach %s` attaches again"):format(name),
    }
  end
  if (far.ended.oom or 0) > 0 then format.note("%s ran out of memory; the kernel killed %d of its processes", name, far.ended.oom) end
  if far.ended.exceeded or far.ended.truncated then require("tiny.supervisor.run_limits").report(name, container.config, far.ended) end
  return far.ended.status, far.ended
end

-- The connection to a program that this process started itself: its pty.
local Own = {}
Own.__index = Own
function Own:input(bytes) self.outbox:put(bytes) end
function Own:resize(rows, cols) tiny.terminal_size(self.file, { rows = rows, cols = cols }) end
function Own:signal(name)
  if not relay.TYPED[name] then return false end
  self:input(relay.TYPED[name])
end
function Own:output()
  local bytes, err = tiny.try(self.file.read, self.file, "16k")
  if err or bytes == nil then return nil end
  return bytes or ""
end

-- Keeps the pty of a detached program open: otherwise the program would get SIGHUP. Its output is discarded. ended() is called
-- afterwards.
local function keep_open(master, ended)
  local keeper = tiny.fork(function()
    tiny.setsid()
    local null <close> = tiny.open("/dev/null", { read = true, write = true })
    for number = 0, 2 do tiny.dup2(null, number) end
    tiny.notify_ready()
    while true do
      local bytes = tiny.try(master.read, master, "16k")
      if bytes == nil then return ended() end
      if bytes == false then tiny.poll { master } end
    end
  end)
  -- When this process ends, its session gets SIGHUP: by then the keeper must have left it.
  keeper:keep():wait_ready()
end

-- Shows a pty until its programs have ended; returns true if the user detached with the keys, and nil otherwise. After a detach,
-- ended() is called at the end of the programs, in another process.
function attach.show(master, slave, options, ended)
  slave:close()
  local far = setmetatable({ file = master }, Own)
  relay.show(far, options)
  local left = far.left == "keys" or nil
  if left then
    if tiny.isatty(2) then io.stderr:write("\n") end
    keep_open(master, ended)
  end
  master:close()
  return left
end

local function connect(container, options)
  return tiny.try(tiny.unix_connect, container.run .. "/attach", { type = "seqpacket", nonblock = options.nonblock })
end

-- Seconds to wait for another command that is starting a new supervisor for the container.
local TAKING_OVER = 5

-- A connection to the supervisor of a container without a log.
local function connect_soon(container)
  local watch <close> = tiny.watch { container.run }
  local last = tiny.clock("monotonic") + TAKING_OVER
  while true do
    local connection, err = connect(container, {})
    if connection then return connection end
    if tiny.clock("monotonic") > last then
      tiny.fail { message = ("%s has no supervisor that shows its output (%s)"):format(container.config.name, err.code), hint = "`tinylua ps` recovers it" }
    end
    -- The watch reports the new socket, but not when it starts to listen.
    if #tiny.poll({ watch }, "20ms") > 0 then watch:changes() end
  end
end

-- Passes standard input to a container without a terminal, in a separate process: writing may block for long while output must
-- be shown. Nil if the container takes no input here.
function attach.feed(container)
  local path = container.run .. "/stdin"
  if not (container.config.interactive and tiny.stat(path)) then return nil end
  return tiny.fork(function()
    tiny.set_parent_death_signal("SIGKILL")
    local into, stdin = tiny.open(path, { write = true, nonblock = true }), tiny.stdio(0)
    for bytes in function() return stdin:read("64k") end do into:write(bytes) end
  end)
end

-- Shows a supervisor's output until it reports the end; returns the result, or nil if the supervisor ended.
local function hear(connection, files)
  for message in function() return (connection:read()) end do
    local kind, text = message:sub(1, 1), message:sub(2)
    if kind == "x" then return tiny.json_decode(text) end
    files[kind]:write(text)
  end
end

-- Shows the further output of a container without a log; returns its status. If its supervisor is killed, a new one is started.
local function listen(container, options)
  local file, feeding = require("tiny.base.terminal_output").file, nil
  local files = { o = file(1, options), e = file(2, options) }
  while container and container.state.status == "running" do
    local connection <close> = connect_soon(container)
    if not feeding then
      feeding = not options.no_stdin and attach.feed(container) or nil
      require("tiny.store.events").emit(container, "attach")
    end
    local ended = hear(connection, files)
    if ended then
      for _, one in pairs(files) do one:finish() end
      if feeding then feeding:close() end
      return ended.status or 0
    end
    container = require("tiny.supervisor.recovery").look_after(container)
    if container and container.damage then tiny.fail { message = container.damage, exit = 125 } end
  end
  if feeding then feeding:close() end
  return container and require "tiny.client.wait"(container).exit_code or 0
end

-- Attaches to a container: to its terminal, or to its output from now on.
function attach.to(container, options)
  local name = container.config.name
  container = require("tiny.state").settled(container) or container
  if container.state.status ~= "running" then
    tiny.fail { message = name .. " is not running", hint = "tinylua start " .. name }
  end
  if container.state.paused then tiny.fail { message = name .. " is paused", hint = "tinylua unpause " .. name } end
  if not container.config.tty and require("tiny.pipeline.logging").driver(container.config) == "none" then
    return listen(container, options)
  end
  if not container.config.tty then
    return require("tiny.client.logs").attach(container, { raw = options.raw }, not options.no_stdin and function() return attach.feed(container) end)
  end
  local connection, err = connect(container, { nonblock = true })
  if not connection then
    tiny.fail { message = ("%s no longer has a terminal: the supervisor that held it has ended (%s)"):format(name, err.code), hint = "tinylua logs -f " .. name }
  end
  require("tiny.store.events").emit(container, "attach")
  return attach.serve(container, connection,
    { input = container.config.interactive and not options.no_stdin, keys = options.keys, proxy = options.proxy })
end

return attach
