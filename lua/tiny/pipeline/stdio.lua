-- The standard streams of a program in a container. A descriptor opened on the host must not reach the program: through
-- /proc/self/fd it could change the file's mode, truncate it, or read it. The program gets the container's null device, or
-- pipes between which this process relays.
local format = require "tiny.format"

local stdio = {}

-- Larger than the default of 64k, so that relaying takes fewer turns.
local SIZE = "256k"

-- In the child, before anything else: replaces the caller's streams with these, by number. Reading from the others returns
-- end-of-file; writing to them fails.
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

-- In the child: opens the FIFOs of these names, by number, in the container's run directory, where a later supervisor finds
-- them. The container gets them only for reading and writing, since a change of mode could lock out an unprivileged user.
function stdio.fifos(streams, folder, names)
  local dir = next(names) and tiny.open_root(folder, { ro_mount = true })
  for number, name in pairs(names) do streams[number] = tiny.open(name, { root = dir, read = true, write = true }) end
end

-- In the container: replaces the other streams with its null device. If the container has changed its /dev/null, they stay
-- unchanged. root: the container's.
function stdio.null(streams, root)
  if streams[0] and streams[1] and streams[2] then return end
  local null <close> = tiny.try(tiny.open_device, "/dev/null", { root = root, major = 1, minor = 3 })
  for number = 0, null and 2 or -1 do
    if not streams[number] then tiny.dup2(null, number) end
  end
end

-- Relays within a loop until there is nothing more to move, then calls ended(err).
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

-- Reports an error unless the reader has only closed the pipe (`| head`). Returns whether it reported one.
local function report(err, what)
  if not err or err.code == "EPIPE" then return false end
  format.note("%s: %s", what, err.message)
  return true
end

-- The caller's standard input for a container in the foreground.
local Input = {}
Input.__index = Input

-- One for all runs of a container: `outlet` stays open here, so that a run gets what the previous one did not read.
function stdio.input()
  local outlet, into = tiny.pipe { nonblock = "write", size = SIZE }
  return setmetatable({ outlet = outlet, relay = tiny.relay(tiny.stdio(0), into) }, Input)
end

function Input:join(loop)
  if self.ended then return end
  follow(loop, self.relay, function(err)
    self.ended = true
    self.relay.into:close()
    report(err, "standard input")
  end)
end

-- The pipes of a program that this process waits for.
local Pipes = {}
Pipes.__index = Pipes

-- Whether standard output and standard error are the same file, where the order of writes matters.
local function together()
  local one, two = tiny.stat("/proc/self/fd/1"), tiny.stat("/proc/self/fd/2")
  return one and two and one.dev == two.dev and one.ino == two.ino
end

-- `inside` are the program's ends. input: whether to pass standard input on; otherwise it is empty. raw: whether a terminal
-- gets the output unfiltered.
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

-- Ends an output: its source has ended or its target has failed.
local function end_output(self, relay, err)
  self.ended = self.ended or {}
  self.ended[relay] = true
  relay.from:close() -- the program gets SIGPIPE
  self.failed = report(err, "cannot write its output") or self.failed
end

-- Relays within a loop, after the program has received its ends.
function Pipes:join(loop)
  for _, file in pairs(self.inside) do file:close() end
  if self.input then
    follow(loop, self.input, function(err)
      self.input.into:close()
      report(err, "standard input")
    end)
  end
  for _, relay in ipairs(self.outputs) do
    follow(loop, relay, function(err) end_output(self, relay, err) end)
  end
end

-- The program has exited: relays the rest that the pipes hold, without waiting for processes that still have them open. A
-- signal ends the wait for a slow reader.
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
