-- help() at the prompt: explains a primitive, a handle, a module or one of its functions, or a command, by value or by name.
-- The texts come from the registry, comments in the source, and the commands' tables.
local format = require "tiny.format"
local manual = require "tiny.docs.manual"
local primitives = require "tiny.docs.primitives"
local terminal = require "tiny.docs.terminal"

local WELCOME = [[
help(tiny.clone)     explains a primitive; help(tiny) lists them, help "run" is
                     a command, help "tiny.scope" a module
x = tiny.netns()     without `local` it exists until exit; x:close() undoes it
c = tiny.clone({ uts = true }, function() tiny.sethostname("in") end)
                     a function in a child with its own namespaces; c:wait()
inspect(c)           its current namespaces, mounts, cgroup and links
w = container "web"  a running container: w.process, w.root, w.logs(), w.exec{…}
:in web              makes these variables of the prompt
trace(f)             calls f; prints its primitives with their times
foreground("sh")     runs a command or function in a child with the terminal;
                     other children cannot read from it
Tab completes names, options, strings. Ctrl-C cancels an input or a blocking
call, Ctrl-D exits.]]

local function name_of(f)
  for name, own in pairs(tiny) do
    if rawequal(own, f) then return name end
  end
  for name, module in next, package.loaded do
    if rawequal(module, f) then return name end
    if type(f) == "function" and type(module) == "table" and name:find("^tiny%.") then
      for key, own in next, module do
        if rawequal(own, f) and type(key) == "string" then return name .. "." .. key end
      end
    end
  end
end

-- The methods of a handle, each with the first clause of its manual entry.
local function handle_text(handle)
  local names, lines, widest = require "tiny.base.sorted_keys"(getmetatable(handle).__index), { tostring(handle) }, 0
  for _, name in ipairs(names) do widest = math.max(widest, #name) end
  local own = { close = "Undoes the call that created it", keep = "Keeps it when it goes out of scope" }
  for _, name in ipairs(names) do
    local entry = tiny.manual(handle.kind .. ":" .. name)
    local summary = own[name] or entry and primitives.summary(entry)
    table.insert(lines, ("  :%s()%s  %s"):format(name, (" "):rep(widest - #name), summary or ""))
  end
  return table.concat(lines, "\n")
end

-- A function of a module, "tiny.scope.new" or "scope.new": its signature and the comment above it.
local function function_text(name)
  local module, key = name:match("^(.+)[.:]([%w_]+)$")
  if not module then return nil end
  for _, found in ipairs(manual.find(module)) do
    local text = found.topic == "modules" and tiny.source(found.file) or ""
    for _, f in ipairs(manual.functions(text)) do
      if f.head:match("[.:]([%w_]+)%(") == key then
        local head = format.colour("bold", ("%s.%s%s"):format(found.name, key, f.head:match("%b()")))
        return head .. (f.doc ~= "" and "\n\n  " .. f.doc:gsub("\n", "\n  ") or "") .. ("\n\nIn %s"):format(found.file)
      end
    end
  end
end

local COLUMN = 26

local function row(head, text)
  head = "  " .. head
  local gap = #head + 2 <= COLUMN and (" "):rep(COLUMN - #head) or "\n" .. (" "):rep(COLUMN)
  return head .. gap .. terminal.wrap(text or "", COLUMN)
end

local function option_row(option)
  local value = option.value or (option.choices and table.concat(option.choices, "|")) or option.type
  local shown = option.type ~= "flag" and " " .. (value or "VALUE"):gsub("^%l+$", string.upper) or ""
  if option.implied then shown = ("[=%s]"):format(option.value) end
  local default = option.default and not (option.help or ""):find("[default", 1, true) and (" [default: %s]"):format(option.default) or ""
  return row((option.short and "-" .. option.short .. ", " or "    ") .. "--" .. option[1] .. shown, (option.help or "") .. default)
end

-- The help of a command from its table: its arguments and options.
local function command_text(found)
  local text = tiny.source(found.file)
  local command = assert(load(text, "@" .. found.file, "t"))()
  local options = command.options or {}
  -- The options of `run` are created on demand.
  if type(options) == "function" then options = options() end
  local usage = { "tinylua " .. found.name }
  if command.group then table.insert(usage, "COMMAND") end
  if #options > 0 then table.insert(usage, "[OPTIONS]") end
  for _, arg in ipairs(command.args or {}) do
    local word = (arg.value or arg[1]:upper()) .. ((arg.many or arg.trailing) and "…" or "")
    table.insert(usage, arg.required == false and "[" .. word .. "]" or word)
  end
  local lines = { format.colour("bold", table.concat(usage, " ")), "", "  " .. terminal.wrap((command.summary or "") .. ".", 2) }
  if command.about then table.insert(lines, "  " .. command.about:gsub("\n", "\n  ")) end
  if command.args and #command.args > 0 then table.insert(lines, "\nArguments") end
  for _, arg in ipairs(command.args or {}) do table.insert(lines, row(arg.value or arg[1]:upper(), arg.help)) end
  if #options > 0 then table.insert(lines, "\nOptions") end
  for _, option in ipairs(options) do table.insert(lines, option_row(option)) end
  if command.group then table.insert(lines, "\nCommands") end
  for _, entry in ipairs(command.group and manual.below "commands" or {}) do
    local name = entry.name:match("^" .. found.name .. " (.+)$")
    if name then table.insert(lines, row(name, manual.summary(tiny.source(entry.file)))) end
  end
  return table.concat(lines, "\n")
end

-- All documentation for a name; for a command, with its options.
local function text_of(name)
  local parts = {}
  local entry = tiny.manual(name)
  for _, found in ipairs(manual.find(name)) do
    if found.topic == "commands" then table.insert(parts, command_text(found)) end
  end
  if entry or #parts == 0 then table.insert(parts, 1, manual.text(name) or function_text(name)) end
  return #parts > 0 and table.concat(parts, "\n\n") or nil
end

-- Explains a primitive, a handle, a module or one of its functions, or anything by name.
return function(what)
  if what == nil then return format.line(WELCOME) end
  if rawequal(what, tiny) then return format.write(terminal.index()) end
  local meta = type(what) == "table" and getmetatable(what)
  if type(meta) == "table" and meta.__close and rawget(what, "owner") then return format.line(handle_text(what)) end
  local name = type(what) == "string" and what or name_of(what)
  if not name then return format.line("there is no help for " .. format.pretty(what)) end
  format.line(text_of(name) or manual.unknown(name, true))
end
