-- The interactive prompt: reads a chunk, runs it, prints what it returns, goes on after an error.
-- It is Lua like any recipe: what happens between two inputs can be read and changed here.
local format = require "tiny.format"

local prompt = {}

local NAMESPACES = { "user", "pid_for_children", "net", "mnt", "uts", "ipc", "cgroup", "time_for_children" }

-- $XDG_STATE_HOME/tinylua/history, or below ~/.local/state; nil where it cannot be kept, or is another user's to keep.
local function history()
  local state, home = os.getenv("XDG_STATE_HOME"), os.getenv("HOME")
  local base = state and state:sub(1, 1) == "/" and state or home and home:sub(1, 1) == "/" and home .. "/.local/state"
  if not base or require("tiny.base.output_file").stranger(base .. "/tinylua/history") then return nil end
  local _, err = tiny.try(tiny.mkdir, base .. "/tinylua", { parents = true, mode = tonumber("700", 8) })
  return not err and base .. "/tinylua/history" or nil
end

-- Where this process is: the kernel's names of its namespaces.
local function places()
  local now = {}
  for _, kind in ipairs(NAMESPACES) do now[kind] = tiny.try(tiny.readlink, "/proc/self/ns/" .. kind) end
  return now
end

-- Things that surprise at a prompt, each said once.
local function advise(session, text, before)
  if not session.moved then
    local after = places()
    for _, kind in ipairs(NAMESPACES) do
      if before[kind] and after[kind] and before[kind] ~= after[kind] then session.moved = kind:gsub("_for.*", "") end
    end
    if session.moved then
      format.line(format.colour("yellow", ("note: the prompt's own process has changed its %s namespace, for good; "
        .. "tiny.clone does it to a child and leaves the prompt alone"):format(session.moved)))
    end
  end
  if not session.locals and text:find("^%s*local%s") then
    session.locals = true
    format.line(format.colour("yellow", "note: a local lives for its input only; leave out `local` to keep the value"))
  end
end

-- Compiles an input as a function that returns its values packed: an expression, or else statements.
-- The expression is an argument, not returned itself: a tail call would lose the place of an error.
local function compile(text, name, line, names)
  local above = ("\n"):rep(line - 1)
  local expression = load(above .. "return (...)(" .. text .. "\n)", name, "t", names)
  if expression then return function() return expression(table.pack) end end
  local statements, wrong = load(above .. text, name, "t", names)
  return statements and function() return table.pack(statements()) end, wrong
end

-- Prints what an input returned. A call that returns nothing is no news; a name that is nil is.
local function show(values, text)
  if values.n == 1 and values[1] == nil and text:find('[)}"%]]%s*$') then return end
  for i = 1, math.min(values.n, 100) do format.line(format.pretty(values[i])) end
  if values.n > 100 then format.line(("… %d more values"):format(values.n - 100)) end
end

-- The primitive that was meant, when an input calls one that does not exist.
local function meant(text, message)
  local name = message:match("field '([%w_]+)'")
  if not name or not text:find("tiny." .. name, 1, true) then return end
  local names = {}
  for own in pairs(tiny) do table.insert(names, own) end
  table.sort(names)
  return tiny.did_you_mean(name, names)
end

-- Prints an error: its sentence in red, and where it came from several lines of text these lines.
local function complain(session, err, text)
  if type(err) ~= "table" then return format.line(format.colour("red", format.clean(tostring(err)))) end
  local near = not err.hint and meant(text, tostring(err.message))
  if near then err.hint = "did you mean tiny." .. near .. "?" end
  local place = tostring(err.at or err.message)
  local chunk = place:match("^(prompt#%d+):")
  local colours = format.colour("red", "") ~= ""
  local shown = place:find("^prompt:") and tostring(err)
    or tiny.error_frame(err, { chunk = chunk, text = chunk and session.texts[chunk], colours = colours, width = format.columns(80) })
  format.line((shown:gsub("^[^\n]*", function(sentence) return format.colour("red", sentence) end)))
  if tiny.settings.verbose and err.traceback then format.line(err.traceback) end
end

-- The handles that are still open, for the farewell.
local function farewell(session)
  for name, value in next, session.names do
    local meta = type(value) == "table" and getmetatable(value)
    local is_handle = type(meta) == "table" and meta.__close and rawget(value, "owner") and rawget(value, "kind")
    if is_handle and not rawget(value, "closed") and not rawget(value, "kept") then
      format.line(("still there: %s = %s"):format(name, tostring(value)))
    end
  end
end

-- An input of several lines has a name of its own: what it defines may fail later.
local function name_of(session, text)
  if not text:find("\n", 1, true) then return "prompt" end
  session.count = (session.count or 0) + 1
  local name = "prompt#" .. session.count
  session.texts[name] = text
  return name
end

-- Runs one input at the terminal; an error is printed and nothing more.
local function run(session, text)
  local container = text:match("^%s*:in%s+(%S+)%s*$")
  if container then
    return require("tiny.prompt.container").enter(container, session.names)
  end
  local chunk, wrong = compile(text, "@" .. name_of(session, text), 1, session.names)
  if not chunk then return format.line(format.colour("red", wrong)) end
  local before = session.moved and {} or places()
  local values, err = tiny.try(chunk)
  if values then
    local _, failure = tiny.try(show, values, text)
    if failure then complain(session, failure, text) end
  else
    complain(session, err, text)
  end
  advise(session, text, before)
end

-- Asks for inputs until the end; true then. An error that comes through here was Ctrl-C between two of
-- them, or a terminal that is gone.
local function ask(session)
  while true do
    local text, err = tiny.try(tiny.read_line, "tiny> ", {
      lua = true, history = session.history, names = session.names, strings = session.strings,
    })
    if err then error(err, 0) end
    local word = text and text:match("^%s*(.-)%s*$")
    if text == nil or word == "exit" or word == "quit" then return true end
    if word and word ~= "" then
      local _, failure = tiny.try(run, session, text)
      if failure then tiny.try(complain, session, failure, text) end
    end
  end
end

-- The prompt at a terminal, until Ctrl-D. What is assigned stays in `names`: an input cannot take a
-- global away from the prompt itself.
function prompt.interactive(names)
  local session = { names = names, history = history(), texts = {} }
  function session.strings(...) return require "tiny.prompt.strings"(...) end
  for _ in pairs(tiny) do break end -- the editor completes the primitives that are bound: all of them now
  while true do
    local done, err = tiny.try(ask, session)
    if done then break end
    if err.op == "read_line" and err.code ~= "EINTR" then
      tiny.fail { message = "tinylua: the prompt cannot read: " .. tostring(err.message), exit = 125 }
    end
  end
  tiny.try(farewell, session)
end

-- Runs standard input, a chunk at a time; the first error ends it.
function prompt.piped(names)
  local line = 1
  while true do
    local text = tiny.read_line("", { lua = true })
    if text == nil then return end
    local chunk, wrong = compile(text, "@stdin", line, names)
    if not chunk then tiny.fail { message = wrong } end
    show(chunk(), text)
    line = line + 1 + select(2, text:gsub("\n", ""))
  end
end

-- Starts it, with the prompt's own functions at hand. container: whose handles are at hand too.
function prompt.start(container)
  local names = setmetatable({}, { __index = _G })
  for name, f in pairs(require "tiny.prompt.helpers") do names[name] = f end
  local interactive = tiny.isatty(0)
  if interactive then format.line(("tinylua %s. help() explains, Tab completes, Ctrl-D leaves."):format(tiny.settings.version)) end
  if container then require("tiny.prompt.container").enter(container, names, not interactive) end
  if interactive then prompt.interactive(names) else prompt.piped(names) end
end

return prompt
