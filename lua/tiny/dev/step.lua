-- `run --step`: a person is asked before each primitive that acts, in whatever process it is called. The primitives are
-- wrapped on `tiny`, so that nothing of it is there without --step. One process at a time speaks at the terminal: it holds
-- the token, a message in a socket that all forked processes share, which also says how to go on.
local acts = require "tiny.dev.effects"
local places = require "tiny.base.callsite"

local step = {}

-- How to go on, as the token says it: stop at each, run to the next break, up to a primitive, or give up.
local STEP, GO, ABORT = "step", "go", "abort"
local HIDDEN = { "lua/tiny/dev/step", "lua/tiny/base/callsite.lua" }
local MOST_DONE = 50

-- The state of this process; a fork has its own copy. true_ones: the primitives; children: those that are alive.
local self = { done = {}, count = 0, children = {} }

-- The primitives that the recipe names to stop before; nil where it names none.
local function breaks()
  local asked, set = self.break_before or rawget(_G, "break_before"), nil
  for _, name in ipairs(type(asked) == "table" and asked or { asked }) do
    if not self.true_ones[name] then
      local names = {}
      for known in pairs(self.true_ones) do table.insert(names, known) end
      local near = tiny.did_you_mean(tostring(name), names)
      tiny.fail { message = ("break_before: there is no primitive %s%s"):format(tiny.show(name), near and ("; did you mean %q?"):format(near) or ""), at = self.path, exit = 125, aborted = true }
    end
    set = set or {}
    set[name] = true
  end
  return set
end

-- Calls f with the primitives as they are.
local function unwrapped(f, ...)
  local before = self.busy
  self.busy = true
  local results = table.pack(pcall(f, ...))
  self.busy = before
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

-- Waits for the terminal; returns how to go on. Where every other process is gone nobody can give it back.
local function take()
  while true do
    local handles, by = { self.from }, {}
    for child in pairs(self.children) do
      if child.closed then self.children[child] = nil else table.insert(handles, child) by[child] = true end
    end
    local alone = self.first and #handles == 1
    for _, ready in ipairs(tiny.poll(handles, alone and 0 or nil)) do
      -- Another process may have been faster; one that ends with the token never gives it back.
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

-- Whether to stop before a call, as the token's mode has it.
local function stops(mode, call)
  if mode == GO then return (breaks() or {})[call.op] end
  if mode:sub(1, 3) == "to " then return mode:sub(4) == call.op end
  local set = mode == "begin" and breaks()
  if set then return set[call.op] end
  -- Of the shipped Lua's calls those that only move bytes are no steps; nor is what the supervisor of a container
  -- that runs does for it, which ends with the container in any case.
  return call.own or not (acts.PLUMBING[call.op] or self.supervises)
end

local function give_up(call)
  self.aborting = true
  tiny.fail { message = ("stopped before %s(%s), as the person at the terminal wished"):format(call.op, call.args), at = call.at, aborted = true, exit = 130 }
end

-- Asks before a call; may throw, which undoes what was made.
local function ask(call)
  local mode = take()
  if mode == ABORT then
    give(mode)
    if acts.undoes(call.op) then return end
    return give_up(call)
  end
  local sure, wanted = pcall(stops, mode, call)
  if sure and not wanted then return give(mode) end
  local answer = ABORT
  if sure then
    -- A terminal that is gone answers nothing more.
    local asked, said = pcall(require "tiny.dev.step_prompt", self, call)
    answer = asked and said or ABORT
  end
  give(answer)
  if not sure then
    self.aborting = true
    error(wanted, 0)
  end
  if answer ~= ABORT then return end
  -- What takes something away is let happen: the abort comes with the next call, if there is one.
  if not acts.undoes(call.op) then give_up(call) end
end

local function note(call, results)
  local failed = not results[1] and results[2]
  -- What returns nothing returns one nil.
  local nothing = results[1] and results.n == 2 and results[2] == nil
  call.result = failed and tostring(type(failed) == "table" and failed.message or failed)
    or nothing and "" or require("tiny.dev.plan.recorder").arguments(table.unpack(results, 2, results.n))
  table.insert(self.done, call)
  self.count = self.count + 1
  if #self.done > MOST_DONE then table.remove(self.done, 1) end
end

-- The place of a call: the recipe's line, and whether the recipe itself makes it.
local function place_of(call)
  call.at, call.shipped = tiny.caller(), places.innermost(HIDDEN)
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
      -- The child's own state, before anything of it runs.
      local arguments = table.pack(...)
      local body = arguments[arguments.n]
      arguments[arguments.n] = function()
        self.first, self.children, self.done, self.count, self.supervises = false, {}, {}, 0, nil
        self.lane = (name == "clone" and "child " or "fork ") .. self.true_ones.getpid()
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

-- Starts stepping in this process and all that it forks. path: the recipe. Fails without a terminal.
function step.start(path)
  local terminal, err = tiny.try(tiny.open, "/dev/tty", { read = true, write = true })
  if not terminal then
    tiny.fail { message = "--step asks at a terminal, and there is none: " .. err.message, hint = "--trace shows each call without one, tinylua plan what would be done", exit = 125 }
  end
  -- Loaded before: in a container's root no file of its tree is ours to run.
  for _, name in ipairs { "live", "text", "network_rows" } do require("tiny.inspect." .. name) end
  for _, name in ipairs { "step_prompt", "plan.recorder" } do require("tiny.dev." .. name) end
  require "tiny.format"
  self.terminal, self.first, self.path, self.mode, self.lane = terminal, true, path, "begin", "host " .. tiny.getpid()
  self.text = path and tiny.try(tiny.read_file, path) or (path and tiny.source("lua/recipes/" .. path)) or ""
  self.asker = require("tiny.inspect.origin").asker(self.text, path or "")
  self.host = require("tiny.inspect.live").here()
  self.from, self.into = tiny.socketpair { type = "seqpacket", nonblock = true }
  -- Ctrl-C at the prompt gives up in order; a program that is executed has it as ever.
  self.signals = tiny.signals { "SIGINT" }
  self.true_ones = {}
  for name, primitive in pairs(tiny) do
    if type(primitive) == "function" then self.true_ones[name] = primitive end
  end
  for name, primitive in pairs(self.true_ones) do
    if not acts.LOOKS[name] and not acts.READS[name] and name ~= "seal" and name ~= "stop_trace" then tiny[name] = wrap(name, primitive) end
  end
  unwrapped(give, "begin")
end

-- A container that is stepped through: its steps have names, and it may say where to stop.
function step.watch(spec)
  self.break_before, self.watched = spec.break_before, true
  acts.mark_steps(spec, function(name) self.step = name end)
end

return step
