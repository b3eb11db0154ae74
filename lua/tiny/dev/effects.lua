-- Which primitives act on the machine and which only read: for a plan, which never acts, and for stepping, which stops before
-- primitives that act.
local effects = {}

-- By name, what the registry says of a primitive: effect, undoes, returns and so on (tiny.primitives).
local by_name = {}
for _, primitive in ipairs(tiny.primitives()) do by_name[primitive.name] = primitive end
effects.PRIMITIVES = by_name

-- By "process:exit_status", the primitive of a method.
effects.METHODS = {}
for _, primitive in pairs(by_name) do
  if primitive.handle then effects.METHODS[primitive.handle .. ":" .. primitive.method] = primitive end
end

-- By old name, the primitive that it is now, and a sentence that says so. A method is "process:exit".
local renamed = {}
for _, primitive in pairs(by_name) do
  for old, note in pairs(primitive.formerly) do renamed[old] = { name = primitive.name, note = note } end
end
effects.RENAMED = renamed

-- The name of a primitive that may be given by an old name.
function effects.now(name)
  return renamed[name] and renamed[name].name or name
end

-- Whether a primitive changes nothing, whatever its arguments.
function effects.reads(name)
  return by_name[name] ~= nil and by_name[name].effect == "reads"
end

-- Whether a primitive only moves bytes and handles, which is not shown as a step.
function effects.is_plumbing(name)
  return by_name[name] ~= nil and by_name[name].effect == "plumbing"
end

-- Whether a primitive removes what another call has created: an abort lets it happen.
function effects.undoes(name)
  return by_name[name] ~= nil and by_name[name].undoes
end

-- By primitive, the keys of a container that request its call.
local ASKED = require("tiny.spec.derived").calls()
local MOUNTED = { "volumes", "mounts", "tmpfs", "devices" }

-- The line that requests a call, from an asker (tiny.inspect.origin); target: a mount's target.
function effects.line(op, target, asker)
  if not target then return ASKED[op] and asker(ASKED[op]) end
  if target == "/" then return asker { "rootfs" } end
  for _, key in ipairs(MOUNTED) do
    local found = asker({ key }, target)
    if found and found.code:find(target, 1, true) then return found end
  end
end

-- Calls `tell` when a step of a container begins, before the recipe's own closures.
function effects.mark_steps(spec, tell)
  local before = {}
  for _, name in ipairs(require("tiny.container").steps) do
    local own = spec.before and spec.before[name]
    before[name] = function(ctx)
      tell(name)
      if own then own(ctx) end
    end
  end
  spec.before = before
end

return effects
