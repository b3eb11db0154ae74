-- box, part 1: a command line. `tinylua run 01-cli.lua run CMD…` runs a program and exits with its status.
-- The engine is a table. Each part loads the table of the previous part and adds to it.
local engine = { commands = {}, options = {} }

local function usage(message) return tiny.fail { message = "box: " .. message, exit = 2 } end

-- Turns { "--name", "web", "sh", "-c", "…" } into { name = "web", command = { "sh", "-c", "…" } }. Words that start
-- with a dash are options, up to the first word that does not; the rest belongs to the program.
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

-- Starts the program in a copy of this process. Returns the child.
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

-- If this file is run as a recipe, `...` is the command line; if it is loaded by the next part, the module name.
if type(...) == "table" then return engine.main(...) end
return engine
