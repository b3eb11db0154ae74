-- Looks up the documentation of primitives, commands, modules and recipes by name. The text of a command, module or recipe
-- is its header comment, so that a modified copy documents itself.
local format = require "tiny.format"
local terminal = require "tiny.docs.terminal"

local manual = {}

manual.topics = {
  commands = { folder = "scripts", title = "Commands", sep = " " },
  modules = { folder = "lua/tiny", title = "Modules", prefix = "tiny.", sep = "." },
  recipes = { folder = "lua/recipes", title = "Recipes", suffix = ".lua" },
}

-- The header comment of a file, without the dashes; "" if there is none.
function manual.header(text)
  local lines = {}
  for line in text:gmatch("([^\n]*)\n?") do
    local comment = line:match("^%-%- ?(.*)$")
    if not comment then break end
    table.insert(lines, comment)
  end
  return table.concat(lines, "\n")
end

-- The public functions of a module, each with the comment above it.
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

-- One line about a file: a command's summary, or the first sentence of its header.
function manual.summary(text)
  local summary = text:match('[\n{]%s*summary = "([^"\n]+)"') or manual.header(text):gsub("\n", " "):match("^(.-)%.%s") or
    manual.header(text):gsub("\n.*", "")
  return (summary:gsub("^[%w_.]+: ", ""):gsub("%.$", ""):gsub("^%l", string.upper))
end

-- Whether a command is for programs only, according to its table.
local function hidden(file)
  return file:match("^scripts/") and (tiny.try(tiny.source, file) or ""):find("\n  hidden = true", 1, true)
end

-- Where the help lists a command: its section, and its place among all commands. A user's copy of a shipped command
-- keeps its place; the user's own commands come last.
local function listed(file)
  local text = tiny.source(file, { shipped = true })
  if not text then return "Your commands", math.huge end
  return text:match('[\n{]%s*section = "([^"\n]+)"'), tonumber(text:match("[\n{]%s*order = (%d+)")) or math.huge
end

-- The commands of a folder of scripts in the order of the help, each with its file and section; of `network` those of
-- scripts/network.
function manual.commands(folder)
  local list = {}
  for _, name in ipairs(tiny.sources(folder)) do
    local file = ("%s/%s.lua"):format(folder, name)
    local section, order = listed(file)
    if not hidden(file) then table.insert(list, { name = name, file = file, section = section, order = order }) end
  end
  table.sort(list, function(a, b)
    if a.order ~= b.order then return a.order < b.order end
    return a.name < b.name
  end)
  return list
end

-- The names of a topic ("commands") as a reader writes them, each with its file.
function manual.list(topic)
  local t, list = manual.topics[topic], {}
  if topic == "commands" then return manual.commands(t.folder) end
  for _, name in ipairs(tiny.sources(t.folder)) do
    table.insert(list, { name = (t.prefix or "") .. name .. (t.suffix or ""), file = ("%s/%s.lua"):format(t.folder, name) })
  end
  return list
end

-- Names in subdirectories: "network create", "tiny.net.bridge".
function manual.below(topic)
  local t, list = manual.topics[topic], {}
  for _, name in ipairs(tiny.sources(t.folder, { below = true })) do
    local shown = t.sep and name:find("/", 1, true) and (t.prefix or "") .. name:gsub("/", t.sep)
    if shown then table.insert(list, { name = shown, file = ("%s/%s.lua"):format(t.folder, name) }) end
  end
  return list
end

-- What every command declares, as { name = "network create", section = "Networks", declared = table }, in the order of
-- the help. A function that makes options is called. A group comes before its commands.
function manual.declarations()
  local all = {}
  local function add(name, entry, section)
    local declared = assert(load(tiny.source(entry.file), "=" .. entry.file, "t"))()
    if type(declared.options) == "function" then declared.options = declared.options() end
    table.insert(all, { name = name, section = section, declared = declared })
    for _, own in ipairs(declared.group and manual.commands("scripts/" .. name) or {}) do
      add(name .. " " .. own.name, own, section)
    end
  end
  for _, entry in ipairs(manual.list("commands")) do add(entry.name, entry, entry.section) end
  return all
end

-- The usage of a command, its words marked by `word(text)`, "[OPTION]..." first.
function manual.usage(declared, word)
  local words = {}
  if #(declared.options or {}) > 0 then table.insert(words, ("[%s]..."):format(word("OPTION"))) end
  for _, arg in ipairs(declared.args or {}) do
    local shown = word(arg.value or arg[1]:upper()) .. ((arg.many or arg.trailing) and "..." or "")
    table.insert(words, arg.required == false and ("[%s]"):format(shown) or shown)
  end
  return table.concat(words, " ")
end

-- The description of an argument, with its choices; for an option also its default and whether it can be repeated.
function manual.explained(item, option)
  local text = (item.help or "The " .. item[1]):gsub("%.$", "")
  if item.choices and not text:find(item.choices[1], 1, true) then text = ("%s: %s"):format(text, table.concat(item.choices, ", ")) end
  if item.default and not text:find("[default:", 1, true) then text = ("%s [default: %s]"):format(text, item.default) end
  return text .. (option and item.many and ". It can be given several times." or ".")
end

-- All entries of this name: a list of { topic =, name =, file = }, in the order commands, modules, recipes. An unknown name
-- is also tried as a module ("scope") and a recipe ("hello").
function manual.find(name)
  for _, try in ipairs { name, "tiny." .. name, name .. ".lua" } do
    local found = {}
    for _, topic in ipairs { "commands", "modules", "recipes" } do
      for _, list in ipairs { manual.list, manual.below } do
        for _, entry in ipairs(list(topic)) do
          if entry.name == try then table.insert(found, { topic = topic, name = try, file = entry.file }) end
        end
      end
    end
    if #found > 0 then return found end
  end
  return {}
end

local function file_text(found)
  local text, place = tiny.source(found.file)
  local out = { format.colour("bold", found.name) .. "  (" .. (place or "shipped") .. ")\n" }
  if found.topic == "recipes" then
    table.insert(out, (text:gsub("\n$", "")))
    return table.concat(out, "\n")
  end
  local head = manual.header(text)
  if head ~= "" then table.insert(out, head .. "\n") end
  if found.topic == "commands" then table.insert(out, ("`tinylua %s --help` lists its options."):format(found.name)) end
  for _, f in ipairs(found.topic == "modules" and manual.functions(text) or {}) do
    table.insert(out, format.colour("bold", f.head) .. (f.doc ~= "" and "\n  " .. f.doc:gsub("\n", "\n  ") or ""))
  end
  return table.concat(out, "\n")
end

-- The documentation of a name: a primitive ("clone", "tiny.clone", "child:wait"), a command, a module, a recipe. nil if there
-- is none.
function manual.text(name)
  local entry, out = tiny.manual(name), {}
  if entry then
    local renamed = entry.formerly[(name:gsub("^tiny%.", ""):gsub("%.", ":"))]
    if renamed then table.insert(out, renamed .. ".") end
    local text = terminal.entry(entry):gsub("\n$", ""):gsub("^[^\n]+", function(head) return format.colour("bold", head) end)
    table.insert(out, text)
  end
  for _, found in ipairs(manual.find(name)) do
    local also = found.topic == "commands" and "`tinylua %s --help`" or "`tinylua doc %s`"
    table.insert(out, entry and ("See also " .. also .. "."):format(found.name) or file_text(found))
  end
  out[#out + 1] = require("tiny.docs.key_doc").text(name)
  return #out > 0 and table.concat(out, "\n\n") or nil
end

-- Throws that a name is unknown, with the closest match. `all`: whether to include primitives.
function manual.unknown(name, all)
  local names = {}
  for topic in pairs(manual.topics) do
    for _, entry in ipairs(manual.list(topic)) do table.insert(names, entry.name) end
  end
  for key in pairs(all and tiny or {}) do table.insert(names, key) end
  for _, key in ipairs(all and require("tiny.docs.key_doc").names() or {}) do table.insert(names, key) end
  table.sort(names)
  local near = tiny.did_you_mean(name, names) or tiny.did_you_mean(name:gsub("^tiny%.(.*)$", "%1"), names)
  tiny.fail {
    message = (all and "no documentation for %q" or "no such command, module or recipe: %q"):format(name), exit = 2,
    hint = near and ("did you mean %q?"):format(near) or "`tinylua doc` lists all topics",
  }
end

return manual
