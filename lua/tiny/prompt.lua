-- The interactive prompt: reads a chunk, runs it, prints what it returns, goes on after an error.
-- It is Lua like any recipe: what happens between two inputs can be read and changed here.
local format = require "tiny.format"
local manual = require "tiny.manual"

local prompt = {}

local NAMESPACES = { "user", "pid_for_children", "net", "mnt", "uts", "ipc", "cgroup", "time_for_children" }

-- $XDG_STATE_HOME/tinylua/history, or below ~/.local/state; nil where it cannot be kept.
local function history()
  local state, home = os.getenv("XDG_STATE_HOME"), os.getenv("HOME")
  local base = state and state:sub(1, 1) == "/" and state or home and home:sub(1, 1) == "/" and home .. "/.local/state"
  if not base then return nil end
  local _, err = tiny.try(tiny.mkdir, base .. "/tinylua", { parents = true, mode = tonumber("700", 8) })
  return not err and base .. "/tinylua/history" or nil
end

local function name_of(f)
  for name, own in pairs(tiny) do
    if rawequal(own, f) then return name end
  end
  for name, module in pairs(package.loaded) do
    if rawequal(module, f) then return name end
  end
end

-- What can be done with a handle: its methods, each with the first clause of its manual entry.
local function handle_text(handle)
  local names, lines, widest = {}, { tostring(handle) }, 0
  for name in pairs(getmetatable(handle).__index) do
    table.insert(names, name)
    widest = math.max(widest, #name)
  end
  table.sort(names)
  local own = { close = "Undoes what made it", keep = "Leaves it as it is when it goes out of scope" }
  for _, name in ipairs(names) do
    local entry = tiny.manual(handle.kind .. ":" .. name) or ""
    local said = own[name] or (entry:match("\n\n%s+(.-)\n\n") or ""):gsub("%s+", " "):match("^[^;:(]+")
    table.insert(lines, ("  :%s()%s  %s"):format(name, (" "):rep(widest - #name), said or ""))
  end
  return table.concat(lines, "\n")
end

local WELCOME = [[
help(tiny.clone)          explains a primitive; help("tiny.container") a module
help(tiny)                lists the primitives by family
x = tiny.netns()          a value without `local` stays until the end; x:close() undoes it
c = tiny.clone({ uts = true }, function() tiny.sethostname("inside") end)
                          runs a function in a child with namespaces of its own; c:wait()
Tab completes names, options and modules. Ctrl-C gives up an input, Ctrl-D leaves.]]

-- Explains a primitive, a handle, a module, or whatever has this name.
local function help(what)
  if what == nil then return format.line(WELCOME) end
  if rawequal(what, tiny) then return format.write(tiny.manual()) end
  local meta = type(what) == "table" and getmetatable(what)
  if meta and meta.__close then return format.line(handle_text(what)) end
  local name = type(what) == "string" and what or name_of(what)
  if not name then return format.line("there is no help on " .. format.pretty(what)) end
  format.line(manual.text(name) or manual.unknown(name, true))
end

-- Where this process is: the kernel's names of its namespaces.
local function places()
  local now = {}
  for _, kind in ipairs(NAMESPACES) do now[kind] = tiny.try(tiny.readlink, "/proc/self/ns/" .. kind) end
  return now
end

-- Things that surprise at a prompt, each said once.
local function advise(said, text, before)
  if not said.moved then
    local after = places()
    for _, kind in ipairs(NAMESPACES) do
      if before[kind] and after[kind] and before[kind] ~= after[kind] then said.moved = kind:gsub("_for.*", "") end
    end
    if said.moved then
      format.line(format.colour("yellow", ("note: the prompt's own process has changed its %s namespace, for good; "
        .. "tiny.clone does it to a child and leaves the prompt alone"):format(said.moved)))
    end
  end
  if not said.locals and text:find("^%s*local%s") then
    said.locals = true
    format.line(format.colour("yellow", "note: a local lives for its input only; leave out `local` to keep the value"))
  end
end

-- Compiles an input as a function that returns its values packed: an expression, or else statements.
-- The expression is an argument, not returned itself: a tail call would lose the place of an error.
local function compile(text, name, line)
  local above = ("\n"):rep(line - 1)
  local expression = load(above .. "return (...)(" .. text .. "\n)", name, "t")
  if expression then return function() return expression(table.pack) end end
  local statements, wrong = load(above .. text, name, "t")
  return statements and function() return table.pack(statements()) end, wrong
end

-- Prints what an input returned. A call that returns nothing is no news; a name that is nil is.
local function show(values, text)
  if values.n == 1 and values[1] == nil and text:find('[)}"%]]%s*$') then return end
  for i = 1, values.n do format.line(format.pretty(values[i])) end
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

-- The handles that are still open in globals, for the farewell.
local function farewell()
  for name, value in pairs(_G) do
    local meta = type(value) == "table" and getmetatable(value)
    if type(meta) == "table" and meta.__close and value.owner and not value.closed and not value.kept then
      format.line(("still there: %s = %s"):format(name, tostring(value)))
    end
  end
end

-- Runs one input at the terminal; an error is printed and nothing more.
local function run(text, said)
  local chunk, wrong = compile(text, "@prompt", 1)
  if not chunk then return format.line(format.colour("red", wrong)) end
  local before = said.moved and {} or places()
  local values, err = tiny.try(chunk)
  if values then
    show(values, text)
  else
    local near = meant(text, tostring(err.message))
    format.line(format.colour("red", tostring(err) .. (near and "\n  hint: did you mean tiny." .. near .. "?" or "")))
    if tiny.settings.verbose and err.traceback then format.line(err.traceback) end
  end
  advise(said, text, before)
end

-- The prompt at a terminal, until Ctrl-D.
function prompt.interactive()
  local said, file = {}, history()
  format.line(("tinylua %s. help() explains, Tab completes, Ctrl-D leaves."):format(tiny.settings.version))
  while true do
    local text = tiny.read_line("tiny> ", { lua = true, history = file })
    local word = text and text:match("^%s*(.-)%s*$")
    if text == nil or word == "exit" or word == "quit" then break end
    if word and word ~= "" then run(text, said) end
  end
  farewell()
end

-- Runs standard input, a chunk at a time; the first error ends it.
function prompt.piped()
  local line = 1
  while true do
    local text = tiny.read_line("", { lua = true })
    if text == nil then return end
    local chunk, wrong = compile(text, "@stdin", line)
    if not chunk then tiny.fail { message = wrong } end
    show(chunk(), text)
    line = line + 1 + select(2, text:gsub("\n", ""))
  end
end

-- Starts it: `help` is a global from then on.
function prompt.start()
  _G.help = help
  if tiny.isatty(0) then prompt.interactive() else prompt.piped() end
end

return prompt
