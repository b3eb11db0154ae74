-- Shows what `run` would do with a recipe, without doing it. The recipe and the shipped pipeline run with a fake for every
-- primitive that acts, so that a plan shows the real sequence of calls. The results of fakes are guesses, and so is the plan
-- of a recipe that depends on them.
local Recorder = require "tiny.dev.plan.recorder"
local effects = require "tiny.dev.effects"
local sandbox = require "tiny.dev.plan.sandbox"
local container = require "tiny.container"
local contradictions = require "tiny.dev.plan.contradictions"

local plan = {}

-- A placeholder for the id, which is chosen when a container is created.
local ID = "000000000000"

-- Adds the recipe's lines to the calls of the shipped pipeline.
local function find_lines(calls, asker)
  for _, call in ipairs(calls) do
    local found = not call.recipe and effects.line(call.op, call.target, asker)
    call.recipe_line = found and found.place or nil
  end
end

-- A context like that of tiny.supervisor.supervisor, made of fakes; nothing is recorded in the store.
local function context(recorder, spec, where)
  local data, run = require("tiny.state").roots()
  local fake_handles, scope = require "tiny.dev.plan.fake_handles", require("tiny.scope").new()
  local undo = scope.undo
  function scope:undo(...)
    undo(self, ...)
    recorder.undo = { op = (...), args = Recorder.arguments(select(2, ...)) }
  end
  local record = { id = ID, dir = data .. "/containers/" .. ID, run = run .. "/" .. ID, config = spec, state = {}, alive = fake_handles.new("lock") }
  return {
    id = ID, name = spec.name or ID, dir = record.dir, run = record.run, record = record, spec = spec, where = where, scope = scope, echo = {},
    stdio = {}, fifos = { "stdout", "stderr" }, planned = true,
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
  effects.mark_steps(spec, function(name) self.recorder.step = name end)
  self.says = "go" -- the pipe that lets a created container continue
  container.make(context(self.recorder, spec, made.where or self.path))
  self.name = spec.name
  return asked
end

-- Numbers the steps of a container, or the calls of a recipe that acts itself. Plumbing calls get no number.
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

-- Groups the calls by the steps in which they are made.
local function by_step(found, calls)
  found.steps = {}
  for _, call in ipairs(calls) do
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

-- Plans the container of a bundle, as the OCI runtime creates and starts it.
local function of_bundle(bundle, file)
  local front = require "tiny.oci.front"
  local self = require("tiny.dev.plan.fake_primitives").install { recorder = Recorder.new(), path = bundle }
  sandbox.close(self.originals.setrlimit)
  self.recorder.step = "prepare"
  local _, err = tiny.try(self.recorder.inside, self.recorder, "host", function()
    front.plan(bundle, file, function(ctx)
      effects.mark_steps(ctx.spec, function(name) self.recorder.step = name end)
      self.says = "start"
    end)
  end)
  if err then error(err, 0) end
  return by_step({ recipe = bundle, kind = "container", name = bundle:match("[^/]+$"), contradictions = {} }, self.recorder.calls)
end

-- Makes the plan, in a process without real acting primitives.
local function made_of(path, words, args)
  local chunk, text = tiny.try(tiny.load_recipe, path)
  if not chunk then
    -- The error is in the name that the user typed, not in a line of the library.
    text.at = nil
    error(text, 0)
  end
  local self = require("tiny.dev.plan.fake_primitives").install { recorder = Recorder.new(), path = path }
  sandbox.close(self.originals.setrlimit)
  self.recorder.step = "recipe"
  local made, asked
  local _, err = tiny.try(self.recorder.inside, self.recorder, "host", function() made = (chunk(words or {})) end)
  if err then
    -- An error of Lua's, such as a comparison with nil, may be caused by a fake.
    if not err.op and not err.hint then err.hint = "a plan does not execute primitives, so their results are guesses" end
    error(err, 0)
  end
  local kind = container.is(made) and "container" or "recipe"
  if kind == "container" then
    require("tiny.spec.recipe_paths").resolve(made.spec, path)
    self.recorder.step = "prepare"
    asked = of_container(self, made, args)
  elseif require("tiny.topology").is(made) then
    tiny.fail { at = path, message = "`plan` takes one container; this file is a topology", hint = "`tinylua up` starts a topology", exit = 125 }
  end
  find_lines(self.recorder.calls, require("tiny.inspect.origin").asker(text, path))
  local found = { recipe = path, kind = kind, name = self.name, contradictions = contradictions.of(self.recorder.calls, self.host, asked) }
  return by_step(found, self.recorder.calls)
end

-- Why a planning process was ended, by exit status: the signals of the CPU limit, or the memory limit.
local ENDS = {
  [152] = ("it used more than %d seconds of CPU time"):format(sandbox.SECONDS), [134] = ("it used more than %s of memory"):format(sandbox.MEMORY), [137] = "it was killed",
}

-- Makes a plan in a separate process with resource limits, which has no acting primitives.
local function apart(path, make)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    from:close()
    -- A plan that waits forever must not be left behind.
    tiny.set_parent_death_signal("SIGKILL")
    local write, null = tiny.write, tiny.open("/dev/null", { write = true })
    for number = 1, 2 do tiny.dup2(null, number) end
    write(into, tiny.json_encode(make()))
  end)
  into:close()
  local parts = {}
  for bytes in function() return from:read() end do table.insert(parts, bytes) end
  from:close()
  local status, err = child:wait()
  if ENDS[status] then tiny.fail { message = ("%s cannot be planned: %s"):format(path, ENDS[status]), hint = "Lua code of the recipe also runs for its plan", exit = 125 } end
  return tiny.json_decode(table.concat(parts)) or tiny.fail { message = ("%s cannot be planned: its process exited with status %s"):format(path, tostring(status or err)), exit = 125 }
end

-- The plan of a recipe: { recipe, kind = "container" or "recipe", name, steps = { { number, name, lane, calls } },
-- contradictions }; each call has op, args, at, recipe or recipe_line, undo, number, and plumbing if it only moves bytes.
-- args: the options of `run`, or nil.
function plan.of(path, words, args)
  return apart(path, function() return made_of(path, words, args) end)
end

-- The plan of a bundle's container, in the same form. file: its configuration, instead of config.json.
function plan.of_bundle(bundle, file)
  return apart(bundle, function() return of_bundle(bundle, file) end)
end

-- The plan as text. options: all = whether plumbing calls are shown too; colour.
function plan.text(found, options)
  return require "tiny.dev.plan.text"(found, options or {})
end

return plan
