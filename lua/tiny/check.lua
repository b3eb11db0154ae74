-- Looks at a Lua file without running it: syntax, globals, primitives with their options, handles that nobody
-- closes, and the tables of containers and topologies. Each finding is { line, col, message, hint }. How the
-- file is walked is tiny.check_scope; what a call is told is tiny.check_calls.
local check = {}

-- The globals that every file has; break_before is for `run --step`.
local KNOWN = { _ENV = true, break_before = true }
for name in pairs(_G) do KNOWN[name] = true end

local function names_of(map)
  local names = {}
  for name in pairs(map) do table.insert(names, name) end
  return names
end

function check.near(name, map)
  local found = tiny.did_you_mean(name, names_of(map))
  return found and ("did you mean %s?"):format(found) or nil
end

-- Lua's own sentence on a syntax error, with the column of what it names.
local function syntax_error(text, wrong)
  local line, message = wrong:match(":(%d+): (.*)$")
  line, message = math.tointeger(tonumber(line)) or 1, message or wrong
  local near, n, col = message:match("near '(.*)'$"), 0, nil
  for row in (text .. "\n"):gmatch("(.-)\n") do
    n = n + 1
    if n == line then col = near and row:find(near, 1, true) or #row + 1 end
  end
  return { line = line, col = col or 1, message = message }
end

-- What is said of the globals that the file uses; one that it sets itself is there.
local function globals(uses, found)
  local set = {}
  for _, use in ipairs(uses) do
    if use.written then set[use.name] = true end
  end
  for _, use in ipairs(uses) do
    if use.written and not KNOWN[use.name] then
      table.insert(found, { line = use.line, col = use.col, message = ("%s is a global"):format(use.name), hint = "write local before its first use" })
    elseif not use.written and not KNOWN[use.name] and not set[use.name] then
      table.insert(found, { line = use.line, col = use.col, message = ("nobody sets %s"):format(use.name), hint = check.near(use.name, KNOWN) })
    end
  end
end

-- Without the findings on lines that end in the comment `check: off`, in their places' order.
local function wanted(found, text)
  local off, kept, n = {}, {}, 0
  for row in (text .. "\n"):gmatch("(.-)\n") do
    n = n + 1
    off[n] = row:find("%-%- check: off%s*$") ~= nil
  end
  for _, finding in ipairs(found) do
    if not off[finding.line] then table.insert(kept, finding) end
  end
  table.sort(kept, function(a, b)
    if a.line ~= b.line then return a.line < b.line end
    if a.col ~= b.col then return a.col < b.col end
    return a.message < b.message
  end)
  return kept
end

-- The findings in a text, in the order of their places; `path` names it in a syntax error.
function check.text(text, path)
  text = text:gsub("^\u{feff}", ""):gsub("^#", "--")
  local nul = text:find("\0", 1, true)
  if nul then return { syntax_error(text, ("%s:%d: a byte 0: this is no Lua text"):format(path, 1 + select(2, text:sub(1, nul):gsub("\n", "")))) } end
  local compiled, wrong = load(text, "@" .. path)
  -- The compiler's own limit is no syntax error, and has no text of its own.
  if not compiled then return { syntax_error(text, type(wrong) == "string" and wrong or path .. ":1: tables, brackets or operators are nested too deeply") } end
  local found = {}
  local seen = require("tiny.check_scope").walk(require "tiny.syntax"(text), require("tiny.check_calls").new(found))
  globals(seen, found)
  return wanted(found, text)
end

-- The findings in a file.
function check.file(path)
  local text = tiny.read_file(path)
  if not text then tiny.fail { message = path .. " is not there", hint = "a file, or - for standard input", exit = 2 } end
  return check.text(text, path)
end

return check
