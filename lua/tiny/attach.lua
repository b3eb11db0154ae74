-- Coming back to a container: its supervisor's far side, or the pty of a program that this process
-- started, in front of the person.
local format = require "tiny.format"
local relay = require "tiny.relay"

local attach = {}

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
-- options: input (whether standard input is passed on), keys.
function attach.serve(container, connection, options)
  local name = container.config.name
  local far = setmetatable({ file = connection }, Supervised)
  relay.show(far, options)
  connection:close()
  if far.left then
    if tiny.isatty(2) then io.stderr:write("\n") end -- the program's line is not at its end
    format.note("%s runs on; `tinylua attach %s` comes back to it", name, name)
    require("tiny.events").emit(container, "detach")
    return 0
  end
  if not far.ended then
    tiny.fail {
      message = ("the supervisor of %s is gone, or let go of a terminal that took no output for too long"):format(name),
      hint = ("`tinylua ps -a` tells; `tinylua attach %s` comes back to it"):format(name),
    }
  end
  if (far.ended.oom or 0) > 0 then format.note("%s ran out of memory; the kernel killed in it %d times", name, far.ended.oom) end
  return far.ended.status
end

-- The far side of a program that this process started itself: its pty.
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

-- Shows a pty until its programs are gone.
function attach.show(master, slave, options)
  slave:close()
  relay.show(setmetatable({ file = master }, Own), options)
  master:close()
end

-- Passes standard input on to a container without a terminal, in a process of its own: its input may be
-- full for long, while its output is shown. Nil when it takes none from here.
local function feed(container)
  local path = container.run .. "/stdin"
  if not (container.config.interactive and tiny.stat(path)) then return nil end
  return tiny.fork(function()
    tiny.set_parent_death_signal("SIGKILL")
    local into, stdin = tiny.open(path, { write = true, nonblock = true }), tiny.stdio(0)
    for bytes in function() return stdin:read("64k") end do into:write(bytes) end
  end)
end

-- Attaches to a container: to its terminal, or to what it writes from now on.
function attach.to(container, options)
  local name = container.config.name
  container = require("tiny.state").settled(container) or container
  if container.state.status ~= "running" then
    tiny.fail { message = name .. " is not running", hint = "tinylua start " .. name }
  end
  if not container.config.tty then
    return require("tiny.logs").attach(container, not options.no_stdin and function() return feed(container) end)
  end
  local path = require("tiny.console").path(container)
  local connection, err = tiny.try(tiny.unix_connect, path, { type = "seqpacket", nonblock = true })
  if not connection then
    tiny.fail { message = ("%s has no terminal any more: the supervisor that held it is gone (%s)"):format(name, err.code), hint = "tinylua logs -f " .. name }
  end
  require("tiny.events").emit(container, "attach")
  return attach.serve(container, connection,
    { input = container.config.interactive and not options.no_stdin, keys = options.keys, proxy = options.proxy })
end

return attach
