-- What there is to read about tinylua: primitives, commands, modules and recipes, by name. The text
-- of a command, module or recipe is the comment at its head, so that a copy tells its own story.
local manual = {}

manual.topics = {
  commands = { folder = "scripts", title = "Commands" },
  modules = { folder = "lua/tiny", title = "Modules", prefix = "tiny." },
  recipes = { folder = "lua/recipes", title = "Recipes", suffix = ".lua" },
}

-- The comment at the head of a file, without the dashes; "" when there is none.
function manual.header(text)
  local lines = {}
  for line in text:gmatch("([^\n]*)\n?") do
    local comment = line:match("^%-%- ?(.*)$")
    if not comment then break end
    table.insert(lines, comment)
  end
  return table.concat(lines, "\n")
end

-- The public functions of a module, each with the comment before it.
function manual.functions(text)
  local found, comment = {}, {}
  for line in text:gmatch("([^\n]*)\n?") do
    local words = line:match("^%-%- ?(.*)$")
    local head = line:match("^function ([%w_]+[.:][%w_]+%b())")
    if head then table.insert(found, { head = head, doc = table.concat(comment, "\n") }) end
    if words then table.insert(comment, words) else comment = {} end
  end
  return found
end

-- One line on a file: a command's summary, or the first sentence of its head.
function manual.summary(text)
  local said = text:match('\n%s*summary = "([^"\n]+)"') or manual.header(text):gsub("\n", " "):match("^(.-)%.%s") or
    manual.header(text):gsub("\n.*", "")
  return (said:gsub("^[%w_.]+: ", ""):gsub("%.$", ""):gsub("^%l", string.upper))
end

-- The names of a topic ("commands") as a reader writes them, each with its file.
function manual.list(topic)
  local t, list = manual.topics[topic], {}
  for _, name in ipairs(tiny.sources(t.folder)) do
    local shown = (t.prefix or "") .. name .. (t.suffix or "")
    table.insert(list, { name = shown, file = ("%s/%s.lua"):format(t.folder, name) })
  end
  return list
end

-- What has this name: a list of { topic =, name =, file = }, in the order of commands, modules, recipes.
function manual.find(name)
  local found = {}
  for _, topic in ipairs { "commands", "modules", "recipes" } do
    for _, entry in ipairs(manual.list(topic)) do
      if entry.name == name then table.insert(found, { topic = topic, name = name, file = entry.file }) end
    end
  end
  return found
end

-- Throws that nothing has this name, with the closest that there is. Primitives count where `all`.
function manual.unknown(name, all)
  local names = {}
  for topic in pairs(manual.topics) do
    for _, entry in ipairs(manual.list(topic)) do table.insert(names, entry.name) end
  end
  for key in pairs(all and tiny or {}) do table.insert(names, key) end
  table.sort(names)
  local near = tiny.did_you_mean(name:gsub("^tiny%.(.*)$", all and "%1" or "%0"), names) or tiny.did_you_mean(name, names)
  tiny.fail {
    message = ("there is nothing named %q"):format(name), exit = 2,
    hint = near and ("did you mean %q?"):format(near) or "`tinylua doc` lists what there is",
  }
end

return manual
