-- Options of `run` and `create` that only a container can have. A recipe that acts itself has none, so they are an error: before
-- the recipe makes its first namespace, or else at its end.
local container_options = {}

-- Options that change nothing for a recipe that acts itself, and do no harm.
local IDLE = { rm = true, interactive = true, tty = true }
local HIDDEN = { "lua/tiny/cli/container_options.lua", "lua/tiny/base/callsite.lua" }
-- Primitives with which a recipe makes its own container. fork is not one: it may run a tool that prepares a rootfs.
local MAKES = { "clone", "unshare", "setns", "chroot", "pivot_root" }

-- The options given on the command line that need a container, such as a limit.
function container_options.given(args)
  local given = {}
  for _, option in ipairs(next(args, (next(args))) and require("tiny.spec.derived").options() or {}) do
    local value = rawget(args, (option[1]:gsub("-", "_")))
    local set = value and value ~= option.default and not (type(value) == "table" and #value == 0)
    if set and not IDLE[option[1]] then table.insert(given, "--" .. option[1]) end
  end
  return given
end

local function names(given) return table.concat(given, ", ") .. (given[2] and " need" or " needs") .. " a container" end

-- Refuses the primitives that make a container, in the recipe's own code; returns a function that allows them again.
function container_options.guard(path, given)
  local originals = {}
  for _, name in ipairs(MAKES) do
    local original = tiny[name]
    originals[name] = original
    tiny[name] = function(...)
      -- Shipped modules call them on the recipe's behalf, such as a network's namespace.
      local at = tiny.caller()
      if at and at == require("tiny.base.callsite").innermost(HIDDEN) then
        tiny.fail {
          at = at, exit = 125,
          message = ("%s, but %s creates its own with tiny.%s"):format(names(given), path, name),
          hint = 'omit the options, or return require("tiny.container").new { … } from the recipe',
        }
      end
      return original(...)
    end
  end
  return function() for name, original in pairs(originals) do tiny[name] = original end end
end

-- The error for a recipe that has ended without a container.
function container_options.fail(path, given)
  tiny.fail { at = path, exit = 125, message = names(given) .. ", but the recipe returned none",
    hint = 'omit the options, or return require("tiny.container").new { … } from the recipe' }
end

return container_options
