-- Splits Lua source into tokens with their positions. The source is known to compile, so nothing is checked here.
local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch("%a+") do
  KEYWORDS[word] = true
end

-- Longest first.
local OPERATORS = { "...", "..", "==", "~=", "<=", ">=", "<<", ">>", "//", "::" }

local NUMBERS = { "^0[xX][%x.]*[pP][+-]?%d+", "^0[xX][%x.]+", "^[%d.]+[eE][+-]?%d+", "^[%d.]+" }

-- The end of the long bracket that begins at `from`, and its content; nil if none begins there.
local function long_bracket(text, from)
  local level, inner = text:match("^%[(=*)%[()", from)
  if not level then return nil end
  local stop, after = text:find("]" .. level .. "]", inner, true)
  return after, (text:sub(inner, stop - 1):gsub("^\n", ""))
end

local function quoted(text, from)
  local quote, at = text:sub(from, from), from + 1
  while text:sub(at, at) ~= quote do
    if text:sub(at, at) == "\\" then at = at + 1 end
    at = at + 1
  end
  return at
end

-- The value of a quoted string, as Lua reads it.
local function unquoted(literal)
  local f = load("return " .. literal, "=literal", "t", {})
  return f and f() or literal
end

-- The number, name or operator at `from`: its kind, its value and its last byte.
local function word(text, from)
  local name = text:match("^[%a_][%w_]*", from)
  if name then return KEYWORDS[name] and name or "name", name, from + #name - 1 end
  if text:find("^%.?%d", from) then
    for _, pattern in ipairs(NUMBERS) do
      local digits = text:match(pattern, from)
      if digits then return "number", tonumber(digits), from + #digits - 1 end
    end
  end
  for _, operator in ipairs(OPERATORS) do
    if text:sub(from, from + #operator - 1) == operator then return operator, operator, from + #operator - 1 end
  end
  local one = text:sub(from, from)
  return one, one, from
end

-- Returns a list of { kind, value, line, col }. kind is "name", "string", "number", "end of file", a keyword or an operator.
return function(text)
  local tokens, at, line, start = {}, 1, 1, 1
  -- Advances the line count past a token that may span lines.
  local function pass(to)
    for newline in text:sub(at, to):gmatch("()\n") do line, start = line + 1, at + newline end
    at = to + 1
  end
  while true do
    pass((text:match("^%s*()", at)) - 1)
    local token = { line = line, col = at - start + 1 }
    if at > #text then
      token.kind = "end of file"
      table.insert(tokens, token)
      return tokens
    end
    if text:find("^%-%-", at) then
      pass(long_bracket(text, at + 2) or (text:find("\n", at, true) or #text + 1) - 1)
    else
      local stop, inner = long_bracket(text, at)
      if stop then
        token.kind, token.value = "string", inner
      elseif text:find("^[\"']", at) then
        stop = quoted(text, at)
        token.kind, token.value = "string", unquoted(text:sub(at, stop))
      else
        token.kind, token.value, stop = word(text, at)
      end
      table.insert(tokens, token)
      pass(stop)
    end
  end
end
