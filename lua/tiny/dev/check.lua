-- Checks a Lua file without running it: syntax, globals, primitives with their options, unclosed handles, and the tables of
-- containers and topologies. Each finding is { line, col, message, hint }. tiny.dev.check_scope walks the file;
-- tiny.dev.check_calls checks the calls.
local suggestion = require "tiny.dev.suggestion"

local check = {}

-- The globals of every file; break_before is for `run --step`.
local KNOWN = { _ENV = true, break_before = true }
for name in pairs(_G) do KNOWN[name] = true end

-- Lua's message about a syntax error, with the column of the token that it names.
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

-- Findings about globals; a global that the file itself sets is defined.
local function globals(uses, found)
  local set = {}
  for _, use in ipairs(uses) do
    if use.written then set[use.name] = true end
  end
  for _, use in ipairs(uses) do
    if use.written and not KNOWN[use.name] then
      table.insert(found, { line = use.line, col = use.col, message = ("%s is a global"):format(use.name), hint = "declare it with `local` before its first use" })
    elseif not use.written and not KNOWN[use.name] and not set[use.name] then
      table.insert(found, { line = use.line, col = use.col, message = ("undefined global '%s'"):format(use.name), hint = suggestion(use.name, KNOWN) })
    end
  end
end

-- Removes findings on lines with the comment `check: off`, and sorts the rest by position.
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

-- The findings in a text, sorted by position; `path` names it in a syntax error.
function check.text(text, path)
  text = text:gsub("^\u{feff}", ""):gsub("^#", "--")
  local nul = text:find("\0", 1, true)
  if nul then return { syntax_error(text, ("%s:%d: NUL byte: not a Lua text file"):format(path, 1 + select(2, text:sub(1, nul):gsub("\n", "")))) } end
  local compiled, wrong = load(text, "@" .. path, "t")
  -- The compiler's own limit is no syntax error, and has no text of its own.
  if not compiled then return { syntax_error(text, type(wrong) == "string" and wrong or path .. ":1: tables, brackets or operators are nested too deeply") } end
  local found = {}
  local seen = require("tiny.dev.check_scope").walk(require "tiny.base.parser"(text), require("tiny.dev.check_calls").new(found))
  globals(seen, found)
  return wanted(found, text)
end

-- The findings in a file.
function check.file(path)
  local text = tiny.read_file(path)
  if not text then tiny.fail { message = path .. " does not exist", hint = "give a file, or - for standard input", exit = 2 } end
  return check.text(text, path)
end

return check
