-- box, part 1: a command line. `tinylua run 01-cli.lua run CMD…` runs a program and ends as it ends.
-- An engine is a table here: each part takes the table of the part before it and adds to it.
local engine = { commands = {}, options = {} }

local function usage(message) return tiny.fail { message = "box: " .. message, exit = 2 } end

-- Makes { name = "web", command = { "sh", "-c", "…" } } of { "--name", "web", "sh", "-c", "…" }. What begins
-- with a dash is ours until the first word that does not: the rest is the program's own business.
function engine.parse(words)
  local asked, i = {}, 1
  while words[i] and words[i]:sub(1, 1) == "-" do
    local option = engine.options[words[i]] or usage("there is no option " .. words[i])
    if not option.flag then i = i + 1 end
    asked[option.key] = option.flag or words[i] or usage(words[i - 1] .. " needs a value")
    i = i + 1
  end
  asked.command = table.move(words, i, #words, 1, {})
  if #asked.command == 0 then usage "run what?" end
  return asked
end

-- Starts the program: a copy of this process becomes it. Returns the child.
function engine.start(c)
  return tiny.fork(function() tiny.exec(c.command) end)
end

function engine.commands.run(words)
  local child <close> = engine.start(engine.parse(words))
  return (child:wait())
end

function engine.main(words)
  local known = {}
  for name in pairs(engine.commands) do table.insert(known, name) end
  table.sort(known)
  local command = engine.commands[words[1]] or usage("the commands are " .. table.concat(known, ", "))
  return command(table.move(words, 2, #words, 1, {}))
end

-- Run as a recipe, `...` is the command line; loaded by the next part, it is the module's name.
if type(...) == "table" then return engine.main(...) end
return engine
