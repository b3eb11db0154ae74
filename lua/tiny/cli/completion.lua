-- Completes command lines for the shells, whose own part is a few lines (tiny.cli.shells). It reads the commands'
-- declarations, including the user's own commands, and names in the state directory. It takes no locks, contacts no process
-- and changes nothing.
local manual = require "tiny.docs.manual"

local complete = {}

local SIGNALS = { "HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "TERM", "CONT", "STOP", "WINCH" }

-- Candidates are { text, description }; ":files" and ":dirs" leave completion to the shell. Names that no container or network
-- can have are left out, since a shell could interpret them.
local function names_in(folder)
  local found = {}
  for _, name in ipairs(tiny.try(tiny.list_dir, folder) or {}) do
    if name:match("^%w[%w_.-]*$") then table.insert(found, { name }) end
  end
  return found
end

local function state_folder() return (require("tiny.state").roots()) end

-- The kinds that `complete =` in a declaration can name.
local KINDS = {}

function KINDS.containers() return names_in(state_folder() .. "/names") end

function KINDS.networks() return names_in(state_folder() .. "/networks") end

function KINDS.volumes() return names_in(state_folder() .. "/volumes") end

-- The names of local images, as people write them.
function KINDS.images()
  local found = {}
  for _, folder in ipairs(tiny.try(tiny.list_dir, state_folder() .. "/images/refs") or {}) do
    local ref = tiny.try(require("tiny.images.reference").parse, (folder:gsub("+", "/")))
    if ref then table.insert(found, { require("tiny.images.reference").familiar(ref) }) end
  end
  return found
end

-- What `run` can begin with, besides programs.
function KINDS.runnable()
  local found = KINDS.recipes()
  for _, image in ipairs(KINDS.images()) do table.insert(found, image) end
  return found
end

-- Everything that a container can join.
function KINDS.joinable()
  local found = KINDS.networks()
  for _, word in ipairs { "none", "host", "bridge" } do table.insert(found, { word }) end
  return found
end

function KINDS.recipes()
  local found = { ":files" }
  for _, entry in ipairs(manual.list("recipes")) do table.insert(found, { entry.name, manual.summary(tiny.source(entry.file)) }) end
  return found
end

function KINDS.commands()
  local found = {}
  for _, entry in ipairs(manual.list("commands")) do table.insert(found, { entry.name, manual.summary(tiny.source(entry.file)) }) end
  return found
end

-- Everything that `eject` copies.
function KINDS.shipped()
  local found = {}
  for topic in pairs(manual.topics) do
    for _, entry in ipairs(manual.list(topic)) do table.insert(found, { entry.name }) end
  end
  return found
end

-- Everything that is documented.
function KINDS.manual()
  local found = KINDS.shipped()
  for topic in pairs(manual.topics) do table.insert(found, { topic }) end
  for name, value in pairs(tiny) do
    if type(value) == "function" then table.insert(found, { name }) end
  end
  return found
end

function KINDS.copy()
  local found = { ":files" }
  for _, c in ipairs(KINDS.containers()) do table.insert(found, { c[1] .. ":" }) end
  return found
end

function KINDS.signals()
  local found = {}
  for i, name in ipairs(SIGNALS) do found[i] = { name } end
  return found
end

function KINDS.capabilities()
  local found = { { "ALL" } }
  for _, name in ipairs(tiny.caps().bounding) do table.insert(found, { (name:gsub("^CAP_", "")) }) end
  return found
end

function KINDS.files() return { ":files" } end
function KINDS.dirs() return { ":dirs" } end

-- The default kind, by the value's placeholder in the help.
local BY_VALUE = {
  FILE = "files", ["FILE.lua"] = "files", ["FILE.lua|PROJECT"] = "files", DIR = "dirs", ["SOURCE:/TARGET[:ro]"] = "files", VOLUME = "volumes",
  ["HOST[:CONTAINER[:rwm]]"] = "files", ["RECIPE.lua|IMAGE|COMMAND"] = "runnable", ["[CONTAINER:]SRC"] = "copy", ["[CONTAINER:]DEST"] = "copy",
  ["RECIPE.lua"] = "recipes", ["FILE_test.lua|FOLDER"] = "files", CONTAINER = "containers", NETWORK = "joinable", IMAGE = "images", COMMAND = "files", CAPABILITY = "capabilities", SIGNAL = "signals",
}

local function values(item)
  if item.choices then
    local found = {}
    for i, word in ipairs(item.choices) do found[i] = { word } end
    return found
  end
  local kind = KINDS[item.complete or BY_VALUE[item.value or ""] or (item.type == "signal" and "signals")]
  return kind and kind() or {}
end

-- The declaration of a command, or nil if there is none. A file that another user can write is refused.
local function script(path)
  local text = tiny.try(tiny.source, ("scripts/%s.lua"):format(path))
  local chunk = text and load(text, "=" .. path, "t")
  local declared = chunk and tiny.try(chunk)
  return type(declared) == "table" and declared or nil
end

local function options_of(declared)
  local own = declared.options
  if type(own) == "function" then own = own() end
  local all, taken = {}, {}
  for _, option in ipairs(own or {}) do
    table.insert(all, option)
    taken[option[1]] = true
  end
  for _, option in ipairs(require "tiny.docs.global_options") do
    if not taken[option[1]] then table.insert(all, option) end
  end
  return all
end

-- The option that a word is or begins: "--name", "--name=x", "-d", "-itd" (the last letter counts).
local function option_of(options, word)
  local long, short = word:match("^%-%-([^=]+)"), word:match("^%-%w*(%w)$")
  for _, option in ipairs(options) do
    if option[1] == long or (not long and option.short and option.short == short) then return option end
  end
end

local function takes_value(option) return option and option.type ~= "flag" end

-- Walks the words before the completed one; returns the next positional argument, the option that needs a value, and whether
-- options are still allowed.
local function walk(options, args, words)
  local at, waiting, open = 1, nil, true
  for _, word in ipairs(words) do
    if waiting then
      if waiting[1] == "root" then tiny.settings.root = word end
      waiting = nil
    elseif open and word == "--" then
      open = false
    elseif open and word:sub(1, 1) == "-" and #word > 1 then
      local option = option_of(options, word)
      if takes_value(option) and not word:find("=", 1, true) then waiting = option end
      local root = word:match("^%-%-root=(.*)$")
      if root then tiny.settings.root = root end
    else
      local arg = args[at]
      if arg and arg.trailing then return { trailing = true, value = "FILE" }, nil, false end
      if arg and not arg.many then at = at + 1 end
    end
  end
  return args[at], waiting, open
end

local function option_names(options)
  local found = {}
  for _, option in ipairs(options) do
    table.insert(found, { "--" .. option[1], option.help })
    if option.short then table.insert(found, { "-" .. option.short, option.help }) end
  end
  return found
end

-- Keeps the candidates that begin with `word`, once each; sorted by name unless `ordered`.
local function fitting(found, word, ordered)
  local kept, seen = {}, {}
  for _, item in ipairs(found) do
    local text = type(item) == "table" and item[1] or item
    if not seen[text] and (type(item) == "string" or text:sub(1, #word) == word) then
      seen[text] = true
      table.insert(kept, type(item) == "table" and item or { item })
    end
  end
  if not ordered then table.sort(kept, function(a, b) return a[1] < b[1] end) end
  return kept
end

local function of_command(declared, words, word)
  local options, args = options_of(declared), declared.args or {}
  local arg, waiting, open = walk(options, args, words)
  if waiting then return fitting(values(waiting), word) end
  local name, value = word:match("^(%-%-[^=]+)=(.*)$")
  if open and name then
    local option, found = option_of(options, name), {}
    for i, item in ipairs(fitting(option and values(option) or {}, value)) do
      found[i] = item[1]:sub(1, 1) == ":" and item or { name .. "=" .. item[1], item[2] }
    end
    return found
  end
  if open and word:sub(1, 1) == "-" then return fitting(option_names(options), word) end
  return fitting(arg and values(arg) or {}, word)
end

-- The commands of a group, such as those of `network`.
local function of_group(name)
  local found = {}
  for _, own in ipairs(tiny.try(manual.commands, "scripts/" .. name) or {}) do
    table.insert(found, { own.name, manual.summary(tiny.source(own.file)) })
  end
  return found
end

-- The completions of the last of these words, which follow the program's name.
function complete.words(words)
  local word, before = words[#words] or "", table.move(words, 1, #words - 1, 1, {})
  local i = 1
  while before[i] and before[i]:sub(1, 1) == "-" do
    if takes_value(option_of(require "tiny.docs.global_options", before[i])) and not before[i]:find("=", 1, true) then i = i + 1 end
    i = i + 1
  end
  local _, waiting = walk(require "tiny.docs.global_options", {}, table.move(before, 1, i - 1, 1, {}))
  if waiting then return fitting(values(waiting), word) end
  local name = before[i]
  if not name and word:sub(1, 1) == "-" then return fitting(option_names(require "tiny.docs.global_options"), word) end
  if not name or name == "help" then return fitting(KINDS.commands(), word, true) end
  local declared = script(name)
  if declared and declared.group then
    if not before[i + 1] then return fitting(of_group(name), word, true) end
    i, declared = i + 1, script(name .. "/" .. before[i + 1])
  end
  return declared and of_command(declared, table.move(before, i + 1, #before, 1, {}), word) or {}
end

return complete
