-- The interactive prompt: reads a chunk, runs it, prints its results, and continues after an error. It is Lua, so that its
-- behaviour can be read and changed here.
local format = require "tiny.format"

local prompt = {}

local NAMESPACES = { "user", "pid_for_children", "net", "mnt", "uts", "ipc", "cgroup", "time_for_children" }

-- $XDG_STATE_HOME/tinylua/history, or below ~/.local/state; nil if it cannot be written or belongs to another user.
local function history()
  local state, home = os.getenv("XDG_STATE_HOME"), os.getenv("HOME")
  local base = state and state:sub(1, 1) == "/" and state or home and home:sub(1, 1) == "/" and home .. "/.local/state"
  if not base or require("tiny.base.output_file").stranger(base .. "/tinylua/history") then return nil end
  local _, err = tiny.try(tiny.mkdir, base .. "/tinylua", { parents = true, mode = tonumber("700", 8) })
  return not err and base .. "/tinylua/history" or nil
end

-- The kernel's names of this process's namespaces.
local function namespaces()
  local now = {}
  for _, kind in ipairs(NAMESPACES) do now[kind] = tiny.try(tiny.readlink, "/proc/self/ns/" .. kind) end
  return now
end

-- Prints notes about common surprises, each one once.
local function advise(session, text, before)
  if not session.moved then
    local after = namespaces()
    for _, kind in ipairs(NAMESPACES) do
      if before[kind] and after[kind] and before[kind] ~= after[kind] then session.moved = kind:gsub("_for.*", "") end
    end
    if session.moved then
      format.line(format.colour("yellow", ("note: the prompt's own process has permanently changed its %s namespace; "
        .. "use tiny.clone to do it in a child"):format(session.moved)))
    end
  end
  if not session.locals and text:find("^%s*local%s") then
    session.locals = true
    format.line(format.colour("yellow", "note: a local exists only in its input; omit `local` to keep the value"))
  end
end

-- Compiles an input to a function that returns its packed results: an expression, or otherwise statements. The expression
-- follows another value, since a tail call would lose the line of an error. Nothing follows the expression, since an error in
-- its last operation would have the line of that.
local function compile(text, name, line, names)
  local above = ("\n"):rep(line - 1)
  local expression = load(above .. "return nil, " .. text, name, "t", names)
  if expression then return function() return table.pack(select(2, expression())) end end
  local statements, wrong = load(above .. text, name, "t", names)
  return statements and function() return table.pack(statements()) end, wrong
end

-- Prints the results of an input. A call without results prints nothing; a nil variable prints nil.
local function show(values, text)
  if values.n == 1 and values[1] == nil and text:find('[)}"%]]%s*$') then return end
  for i = 1, math.min(values.n, 100) do format.line(format.pretty(values[i])) end
  if values.n > 100 then format.line(("… %d more values"):format(values.n - 100)) end
end

-- A suggestion for an input that calls a primitive that does not exist.
local function meant(text, message)
  local name = message:match("field '([%w_]+)'")
  if not name or not text:find("tiny." .. name, 1, true) then return end
  return tiny.did_you_mean(name, require "tiny.base.sorted_keys"(tiny))
end

-- Prints an error in red, with the source line if the input has several.
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

local function is_open(handle)
  return not (rawget(handle, "closed") or rawget(handle, "kept"))
end

-- At exit: ends the children that have names, then undoes what was made at the prompt, the latest first.
local function undo(names, made)
  for _, value in next, names do
    local is_child = type(value) == "table" and getmetatable(value) and rawget(value, "kind") == "child"
    if is_child and is_open(value) then tiny.try(value.close, value) end
  end
  for i = #made, 1, -1 do
    local handle = made[i]
    local _, err = tiny.try(function() if is_open(handle) then handle:close() end end)
    if err then format.note("%s remains: %s", tostring(handle), tostring(err)) end
  end
end

-- A name for an input of several lines, since a function that it defines may fail later.
local function name_of(session, text)
  if not text:find("\n", 1, true) then return "prompt" end
  session.count = (session.count or 0) + 1
  local name = "prompt#" .. session.count
  session.texts[name] = text
  return name
end

-- Runs one input at the terminal; prints an error.
local function run(session, text)
  local container = text:match("^%s*:in%s+(%S+)%s*$")
  if container then
    return require("tiny.prompt.container").enter(container, session.names)
  end
  local chunk, wrong = compile(text, "@" .. name_of(session, text), 1, session.names)
  if not chunk then return format.line(format.colour("red", wrong)) end
  local before = session.moved and {} or namespaces()
  local values, err = tiny.try(chunk)
  if values then
    local _, failure = tiny.try(show, values, text)
    if failure then complain(session, failure, text) end
  else
    complain(session, err, text)
  end
  advise(session, text, before)
end

-- Reads inputs until end-of-file; returns true then. An error that reaches the caller is a Ctrl-C between inputs or a closed
-- terminal.
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

-- The prompt on a terminal, until Ctrl-D. Assigned variables are stored in `names`, so that an input cannot remove a global
-- that the prompt itself needs.
function prompt.interactive(names)
  local session = { names = names, history = history(), texts = {} }
  function session.strings(...) return require "tiny.prompt.strings"(...) end
  for _ in pairs(tiny) do break end -- binds all primitives, since the editor completes bound ones
  while true do
    local done, err = tiny.try(ask, session)
    if done then break end
    if tostring(err.message):find("^interrupted by ") then error(err, 0) end
    if err.op == "read_line" and err.code ~= "EINTR" then
      tiny.fail { message = "the prompt cannot read: " .. tostring(err.message), exit = 125 }
    end
  end
end

-- Runs standard input chunk by chunk; the first error ends it.
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

-- Starts the prompt with its helper functions. container: a container whose handles are added.
function prompt.start(container)
  local names = setmetatable({}, { __index = _G })
  for name, f in pairs(require "tiny.prompt.helpers") do names[name] = f end
  local interactive = tiny.isatty(0)
  if interactive then format.line(("tinylua %s. help() prints help, Tab completes, Ctrl-D exits."):format(tiny.settings.version)) end
  if container then require("tiny.prompt.container").enter(container, names, not interactive) end
  local made, journal = {}, require("tiny.store.recipe_journal").new("prompt")
  -- Signals end the prompt, so that what was made can be undone, and `gc` undoes what a SIGKILL leaves.
  tiny.unwind_on_signals(true, { created = function(handle)
    table.insert(made, handle)
    journal.created(handle)
  end })
  local _, err = tiny.try(interactive and prompt.interactive or prompt.piped, names)
  undo(names, made)
  journal.finish()
  if err and tostring(err.message):find("^interrupted by ") then tiny.fail { message = err.message } end
  if err then error(err, 0) end
end

return prompt
