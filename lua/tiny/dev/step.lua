-- `run --step`: asks the user before each primitive that acts, in every process. The primitives are wrapped on `tiny`, so
-- that without --step there is no overhead. One process at a time uses the terminal: the one that holds the token, a message
-- in a socket that all forked processes share, which also holds the mode.
local effects = require "tiny.dev.effects"
local callsite = require "tiny.base.callsite"

local step = {}

-- The modes: stop at each primitive, run to the next break, up to a primitive, or abort.
local STEP, GO, ABORT = "step", "go", "abort"
local HIDDEN = { "lua/tiny/dev/step", "lua/tiny/base/callsite.lua" }
local MOST_DONE = 50

-- The state of this process; a fork has its own copy. originals: the unwrapped primitives; children: live children.
local self = { done = {}, count = 0, children = {} }

-- The primitives of the recipe's break_before; nil if it has none.
local function breaks()
  local asked, set = self.break_before or rawget(_G, "break_before"), nil
  for _, name in ipairs(type(asked) == "table" and asked or { asked }) do
    name = effects.now(name)
    if not self.originals[name] then
      local near = tiny.did_you_mean(tostring(name), require "tiny.base.sorted_keys"(self.originals))
      tiny.fail { message = ("break_before: no such primitive: %s%s"):format(tiny.show(name), near and ("; did you mean %q?"):format(near) or ""), at = self.path, exit = 125, aborted = true }
    end
    set = set or {}
    set[name] = true
  end
  return set
end

-- Calls f with the unwrapped primitives.
local function unwrapped(f, ...)
  local before = self.busy
  self.busy = true
  local results = table.pack(pcall(f, ...))
  self.busy = before
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

-- Calls f without asking before its calls: they are not the recipe's.
step.without_asking = unwrapped

-- Waits for the token; returns the mode. If all other processes are gone, no process can return it.
local function take()
  while true do
    local handles, by = { self.from }, {}
    for child in pairs(self.children) do
      if child.closed then self.children[child] = nil else table.insert(handles, child) by[child] = true end
    end
    local alone = self.first and #handles == 1
    for _, ready in ipairs(tiny.poll(handles, alone and 0 or nil)) do
      -- Another process may have been faster, or have exited while holding the token.
      local token = ready == self.from and self.from:read()
      if token then return token end
      self.children[ready] = nil
    end
    if alone then return self.mode end
  end
end

local function give(mode)
  self.mode = mode
  self.into:write(mode)
end

-- Whether to stop before a call in this mode.
local function stops(mode, call)
  if mode == GO then return (breaks() or {})[call.op] end
  if mode:sub(1, 3) == "to " then return mode:sub(4) == call.op end
  local set = mode == "begin" and breaks()
  if set then return set[call.op] end
  -- Plumbing calls of the shipped Lua are not steps, nor are those of a running container's supervisor, which ends with the
  -- container in any case.
  return call.own or not (effects.is_plumbing(call.op) or self.supervises)
end

local function give_up(call)
  self.aborting = true
  tiny.fail { message = ("stopped before %s(%s), as requested at the terminal"):format(call.op, call.args), at = call.at, aborted = true, exit = 130 }
end

-- Asks before a call; may throw, which undoes what was created.
local function ask(call)
  local mode = take()
  if mode == ABORT then
    give(mode)
    if effects.undoes(call.op) then return end
    return give_up(call)
  end
  local sure, wanted = pcall(stops, mode, call)
  if sure and not wanted then return give(mode) end
  local answer = ABORT
  if sure then
    -- The terminal may have been closed.
    local asked, said = pcall(require "tiny.dev.step_prompt", self, call)
    answer = asked and said or ABORT
  end
  give(answer)
  if not sure then
    self.aborting = true
    error(wanted, 0)
  end
  if answer ~= ABORT then return end
  -- Calls that undo something are executed; the next other call aborts.
  if not effects.undoes(call.op) then give_up(call) end
end

-- Whether a call counts: plumbing of the shipped Lua does not.
local function is_step(call)
  return call.own or not effects.is_plumbing(call.op)
end

local function note(call, results)
  if not is_step(call) then return end
  local failed = not results[1] and results[2]
  -- A call without results shows as one nil.
  local nothing = results[1] and results.n == 2 and results[2] == nil
  call.result = failed and tostring(type(failed) == "table" and failed.message or failed)
    or nothing and "" or require("tiny.dev.plan.recorder").arguments(table.unpack(results, 2, results.n))
  table.insert(self.done, call)
  self.count = self.count + 1
  if #self.done > MOST_DONE then table.remove(self.done, 1) end
end

-- The position of a call: the recipe's line, and whether the recipe itself makes the call.
local function place_of(call)
  call.at, call.shipped = tiny.caller(), callsite.innermost(HIDDEN)
  call.own = call.at ~= nil and call.at == call.shipped
  call.at = call.at or call.shipped
end

local function wrap(name, primitive)
  local forks = name == "clone" or name == "fork"
  return function(...)
    if self.busy or self.aborting then return primitive(...) end
    local call = { op = name, step = self.step }
    unwrapped(function(...)
      call.args = require("tiny.dev.plan.recorder").arguments(...)
      place_of(call)
    end, ...)
    unwrapped(ask, call)
    if forks then
      -- Set up the child's own state before any other code runs in it.
      local arguments = table.pack(...)
      local body = arguments[arguments.n]
      arguments[arguments.n] = function()
        self.first, self.children, self.done, self.count, self.supervises = false, {}, {}, 0, nil
        self.lane = (name == "clone" and "child " or "fork ") .. self.originals.getpid()
        return body()
      end
      local child = primitive(table.unpack(arguments, 1, arguments.n))
      self.children[child] = true
      note(call, { true, child, n = 2 })
      return child
    end
    local results = table.pack(pcall(primitive, ...))
    unwrapped(note, call, results)
    if name == "wait_ready" and results[1] and self.watched and self.first then self.supervises = true end
    if results[1] then return table.unpack(results, 2, results.n) end
    if type(results[2]) == "table" and results[2].aborted then self.aborting = true end
    error(results[2], 0)
  end
end

-- Starts stepping in this process and all its forks. path: the recipe. Fails without a terminal.
function step.start(path)
  local terminal, err = tiny.try(tiny.open, "/dev/tty", { read = true, write = true })
  if not terminal then
    tiny.fail { message = "--step needs a terminal: " .. err.message, hint = "use --trace to show each call, or `tinylua plan` to show what would be done", exit = 125 }
  end
  -- Loaded now: inside a container, modules would be looked up in its tree.
  for _, name in ipairs { "live", "text", "network_rows" } do require("tiny.inspect." .. name) end
  for _, name in ipairs { "step_prompt", "plan.recorder" } do require("tiny.dev." .. name) end
  require "tiny.format"
  self.terminal, self.first, self.path, self.mode, self.lane = terminal, true, path, "begin", "host " .. tiny.getpid()
  self.text = path and tiny.try(tiny.read_file, path) or (path and tiny.source("lua/recipes/" .. path)) or ""
  self.asker = require("tiny.inspect.origin").asker(self.text, path or "")
  self.host = require("tiny.inspect.live").here()
  self.from, self.into = tiny.socketpair { type = "seqpacket", nonblock = true }
  -- Ctrl-C at the prompt aborts cleanly; an executed program has the default action.
  self.signals = tiny.signals { "SIGINT" }
  self.originals = {}
  for name, primitive in pairs(tiny) do
    if type(primitive) == "function" then self.originals[name] = primitive end
  end
  for name, primitive in pairs(self.originals) do
    if not effects.reads(name) and name ~= "seal" and name ~= "stop_trace" then tiny[name] = wrap(name, primitive) end
  end
  unwrapped(give, "begin")
end

-- Watches a container: its steps have names, and it may say where to stop.
function step.watch(spec)
  self.break_before, self.watched = spec.break_before, true
  effects.mark_steps(spec, function(name) self.step = name end)
end

return step
