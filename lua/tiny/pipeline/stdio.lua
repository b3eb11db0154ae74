-- The standard streams of a program in a container. No descriptor that was opened on the host reaches it:
-- through /proc/self/fd it could change the mode of the file behind one, truncate it, or read it back. It
-- gets the container's own null device, or pipes whose other ends this process relays from and to.
local format = require "tiny.format"

local stdio = {}

-- More than the kernel's 64k: relaying costs fewer turns then.
local SIZE = "256k"

-- In the child, before anything else: these streams, by number, take the place of the caller's. Of the
-- others reading ends and writing fails.
function stdio.enter(streams)
  for number = 0, 2 do
    local from, into
    if not streams[number] then from, into = tiny.pipe() end
    tiny.dup2(streams[number] or (number == 0 and from or into), number)
    if from then
      from:close()
      into:close()
    end
  end
end

-- In the child: opens the FIFOs of these names, by number, in the container's run folder, where a later
-- supervisor finds them. They are the container's for bytes alone: it could keep an ordinary user from
-- opening them again.
function stdio.fifos(streams, folder, names)
  local dir = next(names) and tiny.open_root(folder, { ro_mount = true })
  for number, name in pairs(names) do streams[number] = tiny.open(name, { root = dir, read = true, write = true }) end
end

-- In the container: the other streams become its own null device. Its /dev is its own to change, so that
-- they stay as they are where /dev/null is something else. root: the container's.
function stdio.null(streams, root)
  if streams[0] and streams[1] and streams[2] then return end
  local null <close> = tiny.try(tiny.open_device, "/dev/null", { root = root, major = 1, minor = 3 })
  for number = 0, null and 2 or -1 do
    if not streams[number] then tiny.dup2(null, number) end
  end
end

-- Relays within a loop until there is no more to move, which ended(err) is then told.
local function follow(loop, relay, ended)
  local waits
  local function go()
    local side, err = tiny.try(relay.move, relay)
    if side ~= waits then
      if waits == "from" then loop:off(relay.from) elseif waits then loop:on_room(relay.into, nil) end
      if side == "from" then loop:on(relay.from, go) elseif side then loop:on_room(relay.into, go) end
      waits = side
    end
    if not side then ended(err) end
  end
  go()
end

-- Whoever went away (`| head`) is no news. Returns whether it was something else.
local function complain(err, what)
  if not err or err.code == "EPIPE" then return false end
  format.note("%s: %s", what, err.message)
  return true
end

-- The caller's standard input on its way to a container in the foreground.
local Input = {}
Input.__index = Input

-- One for all the lives of a container: `outlet` stays open here, so that what one does not read is for
-- the next.
function stdio.input()
  local outlet, into = tiny.pipe { nonblock = "write", size = SIZE }
  return setmetatable({ outlet = outlet, relay = tiny.relay(tiny.stdio(0), into) }, Input)
end

function Input:join(loop)
  if self.ended then return end
  follow(loop, self.relay, function(err)
    self.ended = true
    self.relay.into:close()
    complain(err, "standard input")
  end)
end

-- The pipes of a program that this process waits for.
local Pipes = {}
Pipes.__index = Pipes

-- Whether standard output and standard error lead to the same file, in which their order counts.
local function together()
  local one, two = tiny.stat("/proc/self/fd/1"), tiny.stat("/proc/self/fd/2")
  return one and two and one.dev == two.dev and one.ino == two.ino
end

-- `inside` are the program's ends. input: whether standard input is passed on; otherwise it has none. raw: whether a
-- terminal gets the output as it is.
function stdio.pipes(input, raw)
  local self = setmetatable({ inside = {}, outputs = {} }, Pipes)
  if input then
    local into
    self.inside[0], into = tiny.pipe { nonblock = "write", size = SIZE }
    self.input = tiny.relay(tiny.stdio(0), into)
  end
  local shared = together()
  for number = 1, shared and 1 or 2 do
    local from
    from, self.inside[number] = tiny.pipe { nonblock = "read", size = SIZE }
    table.insert(self.outputs, require("tiny.base.terminal_output").relay(from, number, { raw = raw }))
  end
  self.inside[2] = self.inside[2] or self.inside[1]
  return self
end

-- Nothing more comes from an output, or goes to it.
local function end_output(self, relay, err)
  self.ended = self.ended or {}
  self.ended[relay] = true
  relay.from:close() -- the program gets SIGPIPE
  self.failed = complain(err, "its output is lost") or self.failed
end

-- Relays within a loop, once the program has its ends.
function Pipes:join(loop)
  for _, file in pairs(self.inside) do file:close() end
  if self.input then
    follow(loop, self.input, function(err)
      self.input.into:close()
      complain(err, "standard input")
    end)
  end
  for _, relay in ipairs(self.outputs) do
    follow(loop, relay, function(err) end_output(self, relay, err) end)
  end
end

-- The program has ended: what the pipes hold is the rest. What it left behind may have them open still,
-- and is not waited for. A signal ends the wait for a slow reader of ours.
function Pipes:finish(signals)
  for _, relay in ipairs(self.outputs) do
    while not (self.ended or {})[relay] do
      local side, err = tiny.try(relay.move, relay, { rest = true })
      if not side then end_output(self, relay, err) end
      if side == "into" and #tiny.poll({ signals }, nil, { write = { relay.into } }) > 0 then return end
    end
  end
end

function Pipes:__close()
  for _, file in pairs(self.inside) do file:close() end
  for _, relay in ipairs { self.outputs[1], self.outputs[2], self.input } do
    relay.from:close()
    relay.into:close()
  end
end

return stdio
