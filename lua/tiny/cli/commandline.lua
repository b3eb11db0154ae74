-- The command line of `run` and `create`: their options, and what they make of them: a spec.
local commandline = {}

local function overlay(...) return require "tiny.spec.merge_options"(...) end

-- How the spec is run.
local function how(args, more)
  more.detach, more.remove, more.keys, more.cidfile, more.raw = args.detach, args.rm, args.detach_keys, args.cidfile, rawget(args, "raw")
  return more
end

-- Calls f; its error gets the place that `place` makes of it.
local function placed(place, f, ...)
  local result, more = tiny.try(f, ...)
  if result == nil and more then
    more.at = place(more)
    error(more, 0)
  end
  return result, more
end

-- A recipe's first result alone: a second, such as the signal of `return child:wait()`, is no error.
local function first_of(chunk, words)
  return (chunk(words))
end

-- What a recipe that did its work itself may return: nothing, a boolean, or an exit status.
local function check_result(path, result)
  local status = math.type(result) == "integer" and result >= 0 and result <= 255
  if result == nil or type(result) == "boolean" or status then return result end
  local hint = "return nothing, true or false, or an exit status from 0 to 255"
  if type(result) == "table" and require("tiny.topology").is(result) then
    tiny.fail { at = path, message = "the recipe returned a topology, which is not run but brought up", hint = "tinylua up " .. path }
  end
  if type(result) == "table" then hint = 'a container is made by require("tiny.container").new { … }' end
  tiny.fail { at = path, message = "the recipe returned " .. tiny.show(result) .. ", which is neither a container nor an exit status", hint = hint }
end

-- What a recipe that does the work itself has in any case, or leaves nothing for.
local IDLE = { rm = true, interactive = true, tty = true }

-- Tells which options did nothing, as there was no container to have them: a limit that does not hold is no small thing.
local function tell_unused(path, args)
  local unused = {}
  for _, option in ipairs(next(args, (next(args))) and require("tiny.spec.derived").options() or {}) do
    local value = rawget(args, (option[1]:gsub("-", "_")))
    local given = value and value ~= option.default and not (type(value) == "table" and #value == 0)
    if given and not IDLE[option[1]] then table.insert(unused, "--" .. option[1]) end
  end
  if unused[1] then require("tiny.format").note("%s made no container that could have %s", path, table.concat(unused, ", ")) end
end

-- The recipe's container as spec and options; the result of one that did the work itself.
local function of_recipe(args)
  local words = table.move(args.command, 2, #args.command, 1, {})
  local path = args.command[1]
  -- The name that the user typed is wrong, not a line of ours.
  local chunk, text = placed(function() end, tiny.load_recipe, path)
  -- `return c.new { … }` is a tail call, which leaves no line behind.
  local result = placed(function(err) return err.placeless and path or err.at end, first_of, chunk, words)
  -- A recipe that did its work itself needs nothing of what runs a container.
  if type(result) ~= "table" or not require("tiny.container").is(result) then
    result = check_result(path, result)
    tell_unused(path, args)
    return nil, result
  end
  local where, recipe = result.where or path, { path = path, args = words, text = text }
  return placed(function() return where end, overlay, result.spec, args), how(args, { where = where, recipe = recipe })
end

-- A spec with the options for tiny.client.run; nil and its result for a recipe that did the work itself.
function commandline.spec(args)
  -- With an entrypoint the words are its arguments. Asked for raw: only one that was given counts.
  local entrypoint = rawget(args, "entrypoint")
  local program = entrypoint and entrypoint ~= ""
  if not program and #args.command == 0 then
    tiny.fail { message = "no command is given", hint = "say what to run: tinylua run CMD…, or a recipe", exit = 2 }
  end
  if not program and args.command[1]:match("%.lua$") then return of_recipe(args) end
  return overlay({ command = args.command }, args), how(args, {})
end

-- Made only where an option is given or a default asked for: a recipe that does its work itself needs none.
function commandline.options() return require("tiny.spec.derived").options() end

-- What is said of an option that other engines have.
function commandline.elsewhere(option) return require("tiny.cli.unsupported_options")[option] end

commandline.args = { { "command", trailing = true, required = false, value = "RECIPE.lua|COMMAND", help = "What to run, and its arguments" } }

return commandline
