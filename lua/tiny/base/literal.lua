-- Reads data in Lua syntax: tables, strings, numbers, true, false and nil, with comments and an optional `return`. The file
-- is parsed, not run: nothing in it is called or computed, and its size is limited.
local literal = {}

local MOST_BYTES, MOST_ITEMS, DEEPEST = 1 << 20, 100000, 32
local HINT = "the file may contain only data: tables, strings, numbers, true, false and nil; use a recipe for code"

local WORDS = { ["true"] = true, ["false"] = false }
local ESCAPES = { a = "\a", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v", ["\\"] = "\\", ['"'] = '"', ["'"] = "'", ["\n"] = "\n" }

local Reader = {}
Reader.__index = Reader

-- Fails with the line and column of a byte in the text.
function Reader:wrong(at, message)
  local before = self.text:sub(1, at - 1)
  local line = select(2, before:gsub("\n", "")) + 1
  tiny.fail { message = ("%s:%d:%d: %s"):format(self.name, line, at - (before:match("^.*\n()") or 1) + 1, message), hint = HINT, exit = 125 }
end

-- The next word or character, for an error message.
function Reader:seen()
  if self.at > #self.text then return "the end of the file" end
  return tiny.show(self.text:match("^[%w_]+", self.at) or self.text:match("^" .. utf8.charpattern, self.at) or self.text:sub(self.at, self.at))
end

-- The content of the long bracket that begins at `from`, and the position after it; nil if none begins there.
function Reader:long(from)
  local level, first = self.text:match("^%[(=*)%[()", from)
  if not level then return nil end
  local stop, last = self.text:find("]" .. level .. "]", first, true)
  if not stop then self:wrong(from, "the long bracket is not closed") end
  return (self.text:sub(first, stop - 1):gsub("^\r?\n", "")), last + 1
end

-- Skips white space and comments.
function Reader:skip()
  while true do
    self.at = self.text:find("%S", self.at) or #self.text + 1
    if self.text:sub(self.at, self.at + 1) ~= "--" then return end
    local _, after = self:long(self.at + 2)
    self.at = after or (self.text:find("\n", self.at, true) or #self.text) + 1
  end
end

-- Consumes this sign if it is next.
function Reader:accept(sign)
  self:skip()
  if self.text:sub(self.at, self.at) ~= sign then return false end
  self.at = self.at + 1
  return true
end

function Reader:expect(sign, what)
  if not self:accept(sign) then self:wrong(self.at, ("expected %s, got %s"):format(what or sign, self:seen())) end
end

-- The character that the backslash sequence at `at` stands for, and the position after it.
function Reader:escape(at)
  local text, letter = self.text, self.text:sub(at + 1, at + 1)
  if ESCAPES[letter] then return ESCAPES[letter], at + 2 end
  if letter == "z" then return "", text:find("%S", at + 2) or #text + 1 end
  local digits, code, after = text:match("^%d%d?%d?", at + 1), nil, nil
  if digits then
    code, after = tonumber(digits), at + 1 + #digits
  elseif letter == "x" then
    digits, after = text:match("^(%x%x)()", at + 2)
    code = digits and tonumber(digits, 16)
  elseif letter == "u" then
    digits, after = text:match("^{0*(%x+)}()", at + 2)
    if digits and #digits <= 8 and tonumber(digits, 16) < 1 << 31 then return utf8.char(tonumber(digits, 16)), after end
  end
  if not code or code > 255 then self:wrong(at, "invalid escape sequence") end
  return string.char(code), after
end

function Reader:quoted()
  local from, quote, parts = self.at, self.text:sub(self.at, self.at), {}
  local at = from + 1
  while true do
    local stop = self.text:find("[\\\n" .. quote .. "]", at)
    local sign = stop and self.text:sub(stop, stop)
    if not stop or sign == "\n" then self:wrong(from, "unfinished string") end
    table.insert(parts, self.text:sub(at, stop - 1))
    if sign == quote then
      self.at = stop + 1
      return table.concat(parts)
    end
    parts[#parts + 1], at = self:escape(stop)
  end
end

function Reader:number()
  local minus, from = self.text:match("^(%-?)%s*()", self.at)
  local hex = self.text:match("^0[xX][%x.]*", from)
  local digits = hex or self.text:match("^[%d.]+", from) or ""
  digits = digits .. (self.text:match(hex and "^[pP][+-]?%d+" or "^[eE][+-]?%d+", from + #digits) or "")
  local number = tonumber(digits)
  if not number or self.text:find("^[%w_.]", from + #digits) then self:wrong(self.at, "malformed number") end
  self.at = from + #digits
  return minus == "-" and -number or number
end

-- The key of an item; nil if it has none.
function Reader:key(depth)
  local from = self.at
  local name, after = self.text:match("^([%a_][%w_]*)()", from)
  if name then
    self.at = after
    if self:accept("=") then return name end
    self.at = from
  elseif self.text:sub(from, from) == "[" and not self.text:find("^%[=*%[", from) then
    self.at = from + 1
    local key = self:value(depth)
    if key == nil or key ~= key then self:wrong(from, "invalid key") end
    self:expect("]")
    self:expect("=")
    return key
  end
end

function Reader:table(depth)
  if depth > DEEPEST then self:wrong(self.at, ("tables are nested more than %d levels deep"):format(DEEPEST)) end
  local made, position, given = {}, 0, {}
  self.at = self.at + 1
  while not self:accept("}") do
    self.count = self.count + 1
    if self.count > MOST_ITEMS then self:wrong(self.at, ("the file has more than %d items"):format(MOST_ITEMS)) end
    local from = self.at
    local key = self:key(depth)
    if key == nil then
      position = position + 1
      key = position
    end
    if given[key] then self:wrong(from, ("%s is given twice"):format(tiny.show(key))) end
    given[key] = true
    made[key] = self:value(depth)
    if not (self:accept(",") or self:accept(";")) and self.text:sub(self.at, self.at) ~= "}" then self:expect("}", "',' or '}'") end
  end
  return made
end

function Reader:value(depth)
  self:skip()
  local from, sign = self.at, self.text:sub(self.at, self.at)
  if sign == "{" then return self:table(depth + 1) end
  if sign == '"' or sign == "'" then return self:quoted() end
  if sign:find("[%d.-]") then return self:number() end
  local long, after = self:long(from)
  if long then
    self.at = after
    return long
  end
  local word = self.text:match("^[%a_][%w_]*", from)
  if word ~= "nil" and WORDS[word] == nil then self:wrong(from, "expected a value, got " .. self:seen()) end
  self.at = from + #word
  return WORDS[word]
end

-- The value in a text. Errors give the position in the file `name`.
function literal.read(text, name)
  local self = setmetatable({ text = text, name = name, at = text:match("^\u{feff}()") or 1, count = 0 }, Reader)
  if #text > MOST_BYTES then self:wrong(MOST_BYTES, ("the file has more than %d bytes"):format(MOST_BYTES)) end
  self:skip()
  self.at = text:match("^return()%f[^%w_]", self.at) or self.at
  local value = self:value(0)
  self:accept(";")
  self:skip()
  if self.at <= #text then self:wrong(self.at, "expected the end of the file, got " .. self:seen()) end
  return value
end

return literal
