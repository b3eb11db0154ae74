-- The command line of `run` and `create`: their options, and what they make of them: a spec.
local environment = require("tiny.options").environment

local commandline = {}

-- What the command line says, over what a recipe says.
local function overlay(spec, args)
  for _, key in ipairs { "name", "hostname", "rootfs", "memory", "cpus", "workdir", "user", "network", "restart" } do
    if args[key] ~= nil then spec[key] = args[key] end
  end
  spec.pids = args.pids_limit or spec.pids
  spec.interactive = args.interactive or spec.interactive
  spec.tty = args.tty or spec.tty
  spec.env = spec.env or {}
  for key, value in pairs(environment(args.env)) do spec.env[key] = value end
  return spec
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
  if type(result) == "table" then hint = 'a container is made by require("tiny.container").new { … }' end
  tiny.fail { at = path, message = "the recipe returned " .. tiny.show(result) .. ", which is neither a container nor an exit status", hint = hint }
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
    return nil, check_result(path, result)
  end
  return overlay(result.spec, args), {
    detach = args.detach, remove = args.rm, where = result.where or path, keys = args.detach_keys,
    recipe = { path = path, args = words, text = text },
  }
end

-- A spec with the options for tiny.manage; nil and its result for a recipe that did the work itself.
function commandline.spec(args)
  if args.command[1]:match("%.lua$") then return of_recipe(args) end
  return overlay({ command = args.command }, args), { detach = args.detach, remove = args.rm, keys = args.detach_keys }
end

commandline.options = {
  { "name", value = "NAME", help = "A name for the container [default: its id]" },
  { "hostname", value = "HOST", help = "The hostname inside [default: the id]" },
  { "rootfs", value = "DIR", help = "The folder that becomes / [default: a throwaway view of the host]" },
  { "memory", short = "m", type = "size", help = "Memory limit, such as 128m" },
  { "cpus", type = "number", help = "CPU limit, such as 0.5" },
  { "pids-limit", type = "integer", value = "N", help = "How many processes at most" },
  { "env", short = "e", many = true, value = "K=V", help = "Set a variable; K alone takes the caller's value" },
  { "workdir", short = "w", value = "DIR", help = "The working directory inside" },
  { "user", short = "u", value = "USER[:GROUP]", help = "Run as this user of the rootfs" },
  { "network", alias = "net", choices = { "none", "host", "bridge", "isolated" }, value = "MODE",
    help = "none, host or bridge (isolated means bridge) [default: none]" },
  { "restart", value = "POLICY", help = "no, on-failure[:N], always or unless-stopped [default: no]" },
  { "interactive", short = "i", type = "flag", help = "Pass standard input on" },
  { "tty", short = "t", type = "flag", help = "Give it a terminal of its own" },
  { "detach-keys", value = "KEYS", default = "ctrl-p,ctrl-q", help = "With -t: the keys that leave it running" },
  { "rm", type = "flag", help = "Remove the container when it ends" },
  { "detach", short = "d", type = "flag", help = "Run in the background and print the id" },
}

commandline.args = { { "command", trailing = true, value = "RECIPE.lua|COMMAND", help = "What to run, and its arguments" } }

return commandline
