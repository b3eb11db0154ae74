-- What `run` would do with a recipe, without doing it. The recipe and the shipped pipeline are run with stand-ins for
-- every primitive that acts, so that a plan cannot tell something else than what is done; what they would answer is
-- not known, and so the plan of a recipe that depends on it is as good as its guess.
local Tape = require "tiny.dev.plan.recorder"
local acts = require "tiny.dev.effects"
local cage = require "tiny.dev.plan.sandbox"
local container = require "tiny.container"
local contradictions = require "tiny.dev.plan.contradictions"

local plan = {}

-- What stands for the id, which is chosen at a container's start.
local ID = "000000000000"

-- Puts the recipe's lines to the calls of the shipped pipeline.
local function find_lines(calls, asker)
  for _, call in ipairs(calls) do
    local found = not call.recipe and acts.line(call.op, call.target, asker)
    call.recipe_line = found and found.place or nil
  end
end

-- The context that tiny.supervisor.supervisor makes, of stand-ins: nothing is on record.
local function context(tape, spec, where)
  local data, run = require("tiny.state").roots()
  local doubles, scope = require "tiny.dev.plan.fake_handles", require("tiny.scope").new()
  local undo = scope.undo
  function scope:undo(...)
    undo(self, ...)
    tape.undo = { op = (...), args = Tape.arguments(select(2, ...)) }
  end
  local record = { id = ID, dir = data .. "/containers/" .. ID, run = run .. "/" .. ID, config = spec, state = {}, alive = doubles.new("lock") }
  return {
    id = ID, name = spec.name or ID, dir = record.dir, run = record.run, record = record, spec = spec, where = where, scope = scope, echo = {},
    stdio = {}, fifos = { "stdout", "stderr" },
    rootless = spec.userns == "own" or nil, born = function() end, answer = require("tiny.supervisor.syscall_answers").accompany,
  }
end

local function of_container(self, made, args)
  local spec, asked = made.spec, {}
  if args then spec = require "tiny.spec.merge_options"(spec, args) end
  for key, value in pairs(spec) do asked[key] = value end
  local checked, err = tiny.try(require "tiny.pipeline.check", spec)
  if not checked then
    err.at = err.at or made.where or self.path
    error(err, 0)
  end
  spec.hostname = spec.hostname or ID
  acts.mark_steps(spec, function(name) self.tape.step = name end)
  self.says = "go" -- the pipe by which its maker lets a container go on
  container.make(context(self.tape, spec, made.where or self.path))
  self.name = spec.name
  return asked
end

-- Numbers what a reader counts: the steps of a container, the calls of a recipe that acts itself. What only moves bytes
-- has none.
local function number(found)
  local steps, calls = 0, 0
  for _, step in ipairs(found.steps) do
    for _, call in ipairs(step.calls) do
      if not call.plumbing then
        if not step.number then
          steps = steps + 1
          step.number, calls = steps, found.kind == "container" and 0 or calls
        end
        calls = calls + 1
        call.number = calls
      end
    end
  end
end

-- The plan, in a process that has no primitive left which acts.
local function made_of(path, words, args)
  local chunk, text = tiny.try(tiny.load_recipe, path)
  if not chunk then
    -- The name is wrong that the user typed, not a line of ours.
    text.at = nil
    error(text, 0)
  end
  local self = require("tiny.dev.plan.fake_primitives").install { tape = Tape.new(), path = path }
  cage.close(self.true_ones.setrlimit)
  self.tape.step = "recipe"
  local made, asked
  local _, err = tiny.try(self.tape.inside, self.tape, "host", function() made = (chunk(words or {})) end)
  if err then
    -- Lua's own error, such as a comparison with nil: the recipe may well be right.
    if not err.op and not err.hint then err.hint = "in a plan nothing is made: what a primitive would have answered is a guess" end
    error(err, 0)
  end
  local kind = container.is(made) and "container" or "recipe"
  if kind == "container" then
    self.tape.step = "prepare"
    asked = of_container(self, made, args)
  elseif require("tiny.topology").is(made) then
    tiny.fail { at = path, message = "a topology has no one plan: each of its containers has", hint = "tinylua up brings it up", exit = 125 }
  end
  find_lines(self.tape.calls, require("tiny.inspect.origin").asker(text, path))
  local found = { recipe = path, kind = kind, name = self.name, steps = {}, contradictions = contradictions.of(self.tape.calls, self.host, asked) }
  for _, call in ipairs(self.tape.calls) do
    local last = found.steps[#found.steps]
    if not last or last.name ~= call.step or last.lane ~= call.lane then
      last = { name = call.step, lane = call.lane, calls = {} }
      table.insert(found.steps, last)
    end
    call.uses, call.hidden, call.step, call.lane = nil, nil, nil, nil
    table.insert(last.calls, call)
  end
  number(found)
  return found
end

-- How a planning process ends that used too much: by the signals of the CPU limit, or for want of memory.
local ENDS = {
  [152] = ("it takes more than %d seconds of CPU time"):format(cage.SECONDS), [134] = ("it takes more than %s of memory"):format(cage.MEMORY), [137] = "it was killed",
}

-- The plan of a recipe: { recipe, kind = "container" or "recipe", name, steps = { { number, name, lane, calls } },
-- contradictions }; each call has op, args, at, recipe or recipe_line, undo, number, and plumbing where it only moves
-- bytes. It is made in a process of its own, within bounds. args: the options of `run`, or nil.
function plan.of(path, words, args)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    from:close()
    -- What waits for something that never comes is not left behind.
    tiny.set_parent_death_signal("SIGKILL")
    local write, null = tiny.write, tiny.open("/dev/null", { write = true })
    for number = 1, 2 do tiny.dup2(null, number) end
    write(into, tiny.json_encode(made_of(path, words, args)))
  end)
  into:close()
  local parts = {}
  for bytes in function() return from:read() end do table.insert(parts, bytes) end
  from:close()
  local status, err = child:wait()
  if ENDS[status] then tiny.fail { message = ("%s cannot be planned: %s"):format(path, ENDS[status]), hint = "what the recipe itself does is done for its plan too", exit = 125 } end
  return tiny.json_decode(table.concat(parts)) or tiny.fail { message = ("%s cannot be planned: its process ended with %s"):format(path, tostring(status or err)), exit = 125 }
end

-- The same as text. options: all = whether what only moves bytes and makes folders is shown too; colour.
function plan.text(found, options)
  return require "tiny.dev.plan.text"(found, options or {})
end

return plan
