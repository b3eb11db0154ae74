-- The command line of `run` and `create`: their options, and the spec that results.
local commandline = {}

local function overlay(spec, args)
  spec = require "tiny.spec.merge_options"(spec, args)
  if #args.volumes_from > 0 then require "tiny.cli.volumes_from"(spec, args.volumes_from) end
  return spec
end

-- The options that control how the spec is run.
local function how(args, more)
  more.detach, more.remove, more.keys, more.cidfile, more.raw = args.detach, args.rm, args.detach_keys, args.cidfile, rawget(args, "raw")
  more.usage = args.usage
  return more
end

-- Calls f; an error gets the position that `place` returns for it.
local function placed(place, f, ...)
  local result, more = tiny.try(f, ...)
  if result == nil and more then
    more.at = place(more)
    error(more, 0)
  end
  return result, more
end

-- Only a recipe's first result: a second, such as the signal of `return child:wait()`, is not an error.
local function first_of(chunk, words)
  return (chunk(words))
end

-- Checks the result of a recipe that acts itself: nothing, a boolean, or an exit status.
local function check_result(path, result)
  local number = type(result) == "number" and math.tointeger(result)
  local status = number and number >= 0 and number <= 255
  if result == nil or type(result) == "boolean" or status then return result end
  local hint = "return nothing, a boolean, or an exit status from 0 to 255"
  if type(result) == "table" and require("tiny.topology").is(result) then
    tiny.fail { at = path, message = "the recipe returned a topology", hint = "use tinylua up " .. path }
  end
  if type(result) == "table" then hint = 'create a container with require("tiny.container").new { … }' end
  tiny.fail { at = path, message = "the recipe returned " .. tiny.show(result) .. ", which is neither a container nor an exit status", hint = hint }
end

-- Loads the journal of a recipe with the first handle that it takes.
local Journal = {}
Journal.__index = Journal
function Journal:created(handle)
  local function take()
    self.taken = self.taken or require("tiny.store.recipe_journal").new(self.path)
    self.taken.created(handle)
  end
  local step = package.loaded["tiny.dev.step"]
  if step then step.without_asking(take) else take() end
end
function Journal:finish()
  if self.taken then self.taken.finish() end
end

-- The recipe's container as spec and options; otherwise the result of a recipe that acts itself.
local function of_recipe(args)
  -- As for other programs, "--" ends the options: `run recipe.lua -- CMD` is `run recipe.lua CMD`.
  local words = table.move(args.command, args.command[2] == "--" and 3 or 2, #args.command, 1, {})
  local path = args.command[1]
  -- The error is in the name that the user typed, not in a line of the library.
  local chunk, text = placed(function() end, tiny.load_recipe, path)
  local given = next(args, (next(args))) and require("tiny.cli.container_options").given(args) or {}
  local allow = given[1] and require("tiny.cli.container_options").guard(path, given)
  -- A recipe that acts itself: a signal runs its every <close>, and `gc` undoes what a SIGKILL leaves.
  local journal = setmetatable({ path = path }, Journal)
  tiny.unwind_on_signals(true, { created = function(handle) journal:created(handle) end })
  -- `return c.new { … }` is a tail call, which leaves no frame.
  local result, err = tiny.try(placed, function(err) return err.placeless and path or err.at end, first_of, chunk, words)
  journal:finish()
  if result == nil and err then error(err, 0) end
  if allow then allow() end
  -- Modules for running a container are not loaded for a recipe that acts itself.
  if type(result) ~= "table" or not require("tiny.container").is(result) then
    result = check_result(path, result)
    if given[1] then require("tiny.cli.container_options").fail(path, given) end
    return nil, result
  end
  tiny.unwind_on_signals(false)
  require("tiny.spec.recipe_paths").resolve(result.spec, path)
  local where, recipe = result.where or path, { path = path, args = words, text = text }
  return placed(function() return where end, overlay, result.spec, args), how(args, { where = where, recipe = recipe })
end

-- Whether the first word of the command is an image. Most words are programs of the host, for which no module of images is loaded:
-- a plain name in /usr/bin that is not the name of a local image (tiny.images.store) and cannot be the id of one.
local function is_image(args, program)
  local word = args.command[1]
  if not word or rawget(args, "image") or rawget(args, "host") or rawget(args, "rootfs") or #args.view > 0 then return false end
  if word:sub(1, 1) == "/" then return false end
  if word:find("^%l[%l%d-]*$") and not word:find("^%x%x%x%x%x%x*$") and not program and tiny.stat("/usr/bin/" .. word) and not tiny.isatty(2)
    and not tiny.stat(require("tiny.store.state").roots() .. "/images/refs/docker.io+library+" .. word .. ":latest") then
    return false
  end
  return require("tiny.cli.first_word").is_image(word, args, program)
end

-- Returns a spec with the options for tiny.client.run; nil and the result for a recipe that acts itself.
function commandline.spec(args)
  -- With an entrypoint, the words are its arguments. Read raw, so that only a given one counts.
  local entrypoint = rawget(args, "entrypoint")
  local program = entrypoint and entrypoint ~= ""
  local image = rawget(args, "image")
  if not program and not image and #args.command == 0 then
    tiny.fail { message = "no command given", hint = "give a command, a recipe or an image: tinylua run CMD…", exit = 2 }
  end
  if not program and (args.command[1] or ""):match("%.lua$") then return of_recipe(args) end
  if is_image(args, program) then
    local words = table.move(args.command, 2, #args.command, 1, {})
    return overlay({ image = args.command[1], command = words }, args), how(args, {})
  end
  return overlay({ command = args.command }, args), how(args, {})
end

-- Built only if an option is given or a default is needed; a recipe that acts itself needs none.
function commandline.options() return require("tiny.spec.derived").options() end

-- A hint for an option that only other engines have.
function commandline.elsewhere(option) return require("tiny.cli.unsupported_options")[option] end

commandline.args = { { "command", trailing = true, required = false, value = "RECIPE.lua|IMAGE|COMMAND", help = "What to run, and its arguments" } }

return commandline
