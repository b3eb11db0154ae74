-- Generates the editor stubs of the primitives, in the annotations of the Lua language server: functions, options as classes,
-- handles as classes with their methods.
local primitives = require "tiny.docs.primitives"
local sorted_keys = require "tiny.base.sorted_keys"

local HEAD = [=[
---@meta tiny
-- Generated from the registry by `tinylua doc --format lua`; edit the entries in src/prim.
-- For editors only: nothing loads this file when a recipe runs.

---Bytes, or a string such as "128m" (binary multiples).
---@alias tiny.size integer|string
---Seconds, or a string such as "10s" or "500ms".
---@alias tiny.duration number|string
---An address with its prefix length, "10.10.0.2/24".
---@alias tiny.cidr string
---A signal: "SIGTERM", "TERM" or its number.
---@alias tiny.signal string|integer

---What a primitive throws.
---@class tiny.error
---@field message string
---@field op? string the primitive
---@field args? string[]
---@field code? string the name of the errno, "ENOENT"
---@field errno? integer
---@field path? string
---@field hint? string
---@field at? string the place, "web.lua:12"
---@field usage? boolean whether the arguments were refused before any kernel call
---@field exit? integer the exit status that it asks for
---@field cleanup? string[] what failed while cleaning up after it

---An owned kernel thing: closed by `local x <close> = …`.
---@class tiny.handle
---@field kind string
---@field name? string
---@field path? string
---@field pid? integer
---@field inode? integer
local handle = {}
---Undoes what made the handle, once.
function handle:close() end
---Leaves what the handle owns as it is when the handle goes out of scope.
---@return self
function handle:keep() end

---@class tiny
---@field settings table<string, string> the global flags of the command line
tiny = {}
]=]

local PLAIN = { bytes = "string", path = "string", size = "tiny.size", duration = "tiny.duration", cidr = "tiny.cidr", signal = "tiny.signal" }

local annotation

-- The annotations of a list, in one text.
local function joined(list, separator, annotate)
  local out = {}
  for i, item in ipairs(list) do out[i] = annotate(item) end
  return table.concat(out, separator)
end

local function quoted(word) return ('"%s"'):format(word) end

local function mark(field) return field.required and "" or "?" end

-- The annotation of a type that has parts.
local PARTS = {
  list = function(type)
    local of = annotation(type.of)
    return (of:find("|", 1, true) and "(%s)[]" or "%s[]"):format(of)
  end,
  map = function(type) return ("table<string, %s>"):format(annotation(type.of)) end,
  options = function(type)
    return ("{ %s }"):format(joined(type.keys, ", ", function(key) return ("%s%s: %s"):format(key.name, mark(key), annotation(key.type)) end))
  end,
  handle = function(type) return "tiny." .. type.kind end,
  namespace = function() return "boolean|tiny.namespace" end,
  word = function(type) return joined(type.words, "|", quoted) end,
  either = function(type) return joined(type.of, "|", annotation) end,
}

function annotation(type)
  local parts = PARTS[type.is]
  return parts and parts(type) or PLAIN[type.is] or type.is
end

-- Adds the kinds of handles that a type names.
local function add_kinds(type, kinds)
  if type.kind then kinds[type.kind] = true end
  for _, of in ipairs(type.of and (type.of.is and { type.of } or type.of) or {}) do add_kinds(of, kinds) end
  for _, key in ipairs(type.keys or {}) do add_kinds(key.type, kinds) end
end

-- The kinds of handles, sorted: in arguments, with methods, or returned.
local function kinds_of(families)
  local kinds = { namespace = true }
  for _, family in ipairs(families) do
    for _, entry in ipairs(family) do
      for _, kind in pairs { entry.handle, entry.returns } do kinds[kind] = true end
      for _, fields in pairs { entry.args, entry.options, { entry.list } } do
        for _, field in ipairs(fields) do add_kinds(field.type, kinds) end
      end
    end
  end
  return sorted_keys(kinds)
end

-- Return types that the beginning of a description tells: the manual is written for readers, and its sentences begin in
-- a few ways. The first fitting row counts.
local SEVERAL = {
  { "never", "never" },
  { "the exit status", "integer", "string?" }, { "a file handle for reading", "tiny.file", "tiny.file" },
  { "two file handles", "tiny.file", "tiny.file" }, { "rows and columns", "integer", "integer" },
  { "the recipe as a function", "fun(args?: string[]): any", "string" }, { "whether the FIFO", "boolean", "string?", "integer" },
}
local ONE = {
  { "an integer", "integer" }, { "a number", "number" }, { "seconds", "number" }, { "bytes", "integer" }, { "a boolean", "boolean" },
  { "true", "boolean" }, { "a string", "string" }, { "its bytes", "string" }, { "the bytes", "string" }, { "the text", "string" },
  { "a list of names", "string[]" }, { "a list of tables", "table[]" }, { "a list", "any[]" }, { "a table", "table" },
}
local ABSENT = { "or nil", "; nil when", "; nil at", "; nil for what" }

-- The row of a list whose first item begins a text.
local function row_of(list, text)
  for _, row in ipairs(list) do
    if text:sub(1, #row[1]) == row[1] then return row end
  end
end

local function returned(entry)
  if entry.result == "" then return {} end
  local several = row_of(SEVERAL, entry.result)
  if several then return table.move(several, 2, #several, 1, {}) end
  local one = entry.returns and { nil, "tiny." .. entry.returns } or row_of(ONE, entry.result)
  if not one then return { "any" } end
  for _, words in ipairs(ABSENT) do
    if entry.result:find(words, 1, true) then return { one[2] .. "?" } end
  end
  return { one[2] }
end

-- The names of the parameters in the order of the call, from the one after `skip`.
local function names(entry, skip)
  local all = {}
  for name in entry.signature:match("%b()"):gmatch("[%w_]+") do table.insert(all, name) end
  if primitives.is_variadic(entry) then table.insert(all, "...") end
  return table.move(all, skip + 1, #all, 1, {})
end

-- The class of an options table that arguments share.
local function table_class(entry, own) return ("tiny.%s.%s"):format(entry.name, own.names[1]) end

-- The class of an argument that is an options table, or nil.
local function class_of(entry, arg)
  for _, own in ipairs(arg.type.keys and primitives.tables(entry) or {}) do
    if own.keys == arg.type.keys then return table_class(entry, own) end
  end
end

-- The comment before a function; a method leaves out the handle, its first argument.
local function annotate(out, entry, skip)
  local function add(text, ...) table.insert(out, text:format(...)) end
  add("---%s", entry.doc)
  for _, err in ipairs(entry.errors) do add("---* %s: %s", err.code, err.hint) end
  add("---```lua\n---%s\n---```", entry.example:gsub("\n", "\n---"))
  local args = {}
  for _, arg in ipairs(entry.args) do args[arg.name] = arg end
  for _, name in ipairs(names(entry, skip)) do
    local arg = args[name]
    if arg then
      add("---@param %s%s %s %s", name, mark(arg), class_of(entry, arg) or annotation(arg.type), arg.doc)
    elseif name == "options" then
      add("---@param options%s tiny.%s.options", entry.signature:find("[%[ ]options%]") and "?" or "", entry.name)
    else
      add("---@param ... any")
    end
  end
  for i, type in ipairs(returned(entry)) do add("---@return %s%s", type, i == 1 and " # " .. entry.result or "") end
end

-- A class for an options table. The table type with exactly these keys lets a checker report a misspelt one; fields alone
-- do not.
local function options_class(out, name, list, options)
  local keys = { list and "integer" }
  for _, option in ipairs(options) do table.insert(keys, quoted(option.name)) end
  table.insert(out, ("---@class %s: table<%s, any>"):format(name, table.concat(keys, "|")))
  if list then table.insert(out, ("---@field [integer] %s %s"):format(annotation(list.type), list.doc)) end
  for _, option in ipairs(options) do
    local default = option.default and (" (default: %s)"):format(option.default) or ""
    table.insert(out, ("---@field %s%s %s %s%s"):format(option.name, mark(option), annotation(option.type), option.doc, default))
  end
  table.insert(out, "")
end

-- The old names of a function, or of the method of a handle ("process:").
local function add_deprecated(out, entry, of, skip)
  for _, old in ipairs(sorted_keys(entry.formerly)) do
    if (old:find(":", 1, true) ~= nil) == (of:sub(-1) == ":") then
      table.insert(out, "")
      annotate(out, entry, skip)
      table.insert(out, "---@deprecated " .. entry.formerly[old])
      table.insert(out, ("function %s%s(%s) end"):format(of, old:match("[^:]*$"), table.concat(names(entry, skip), ", ")))
    end
  end
end

local function add_function(out, entry)
  table.insert(out, "")
  if primitives.takes_table(entry) then options_class(out, ("tiny.%s.options"):format(entry.name), entry.list, entry.options) end
  for _, own in ipairs(primitives.tables(entry)) do options_class(out, table_class(entry, own), nil, own.keys) end
  annotate(out, entry, 0)
  table.insert(out, ("function tiny.%s(%s) end"):format(entry.name, table.concat(names(entry, 0), ", ")))
  add_deprecated(out, entry, "tiny.", 0)
end

local function add_class(out, families, kind)
  local parent = kind:match("ns$") and "namespace" or "handle"
  table.insert(out, ("\n---@class tiny.%s: tiny.%s\nlocal %s = {}"):format(kind, parent, kind))
  for _, family in ipairs(families) do
    for _, entry in ipairs(family) do
      if entry.handle == kind then
        table.insert(out, "")
        annotate(out, entry, 1)
        table.insert(out, ("function %s:%s(%s) end"):format(kind, entry.method, table.concat(names(entry, 1), ", ")))
        add_deprecated(out, entry, kind .. ":", 1)
      end
    end
  end
end

-- The text of tiny.lua.
return function()
  local families = primitives.families(true)
  local out = { (HEAD:gsub("\n$", "")) }
  for _, kind in ipairs(kinds_of(families)) do add_class(out, families, kind) end
  for _, family in ipairs(families) do
    table.insert(out, "\n-- " .. primitives.capitalised(family.name))
    for _, entry in ipairs(family) do add_function(out, entry) end
  end
  table.insert(out, "\nreturn tiny\n")
  return table.concat(out, "\n")
end
