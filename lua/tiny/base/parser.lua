-- Builds the syntax tree of Lua source that is known to compile. A node is a table with `kind`, `line` and `col`:
--
--   name { name }  string { value }  number { value }  true false nil ...  function { params, body }
--   table { items = { { key = node | nil, named, value } } }  index { object, key }  call { callee, args }
--   method { object, name, args }  operation { parts }  paren { value }
--
-- Statements are: local { names, values }, assign { targets, values }, do if while repeat for (with their blocks, a loop's
-- `names`, and the `values` that they evaluate), return { values }, and calls. Operator precedence does not matter here: an
-- operation is the list of its operands.
local tokenize = require "tiny.base.lexer"

local Parser = {}
Parser.__index = Parser

local UNARY = { ["not"] = true, ["-"] = true, ["#"] = true, ["~"] = true }
local BINARY = {}
for operator in ("+ - * / // % ^ .. == ~= < > <= >= & | ~ << >> and or"):gmatch("%S+") do BINARY[operator] = true end
local LITERALS = { string = true, number = true, ["true"] = true, ["false"] = true, ["nil"] = true, ["..."] = true }
local CLOSES = { ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true, ["end of file"] = true }

function Parser:peek(ahead) return self.tokens[self.at + (ahead or 0)].kind end

function Parser:take()
  local token = self.tokens[self.at]
  self.at = self.at + 1
  return token
end

-- Consumes the next token if it is of this kind.
function Parser:accept(kind) return self:peek() == kind and self:take() or nil end

local function node(kind, token, fields)
  fields = fields or {}
  fields.kind, fields.line, fields.col = kind, token.line, token.col
  return fields
end

-- A comma-separated list.
function Parser:list(read)
  local list = { read(self) }
  while self:accept(",") do table.insert(list, read(self)) end
  return list
end

function Parser:name()
  local token = self:take()
  return node("name", token, { name = token.value })
end

-- The field name after a dot, as a string node.
function Parser:key()
  local token = self:take()
  return node("string", token, { value = token.value })
end

function Parser:item()
  local first = self.tokens[self.at]
  if self:accept("[") then
    local key = self:expression()
    self:take() -- ]
    self:take() -- =
    return node("item", first, { key = key, value = self:expression() })
  end
  if first.kind == "name" and self:peek(1) == "=" then
    local key = self:key()
    self:take()
    return node("item", first, { key = key, named = true, value = self:expression() })
  end
  return node("item", first, { value = self:expression() })
end

function Parser:table()
  local made = node("table", self:take(), { items = {} })
  while not self:accept("}") do
    table.insert(made.items, self:item())
    if self:peek() == "," or self:peek() == ";" then self:take() end
  end
  return made
end

-- A function from its parameters to `end`.
function Parser:body(token, self_too)
  local made = node("function", token, { params = {} })
  if self_too then table.insert(made.params, node("name", token, { name = "self" })) end
  self:take() -- (
  while not self:accept(")") do
    local parameter = self:take()
    if parameter.kind == "name" then table.insert(made.params, node("name", parameter, { name = parameter.value })) end
  end
  made.body = self:block()
  self:take() -- end
  return made
end

function Parser:arguments()
  if self:peek() == "{" then return { self:table() } end
  if self:peek() == "string" then return { self:literal() } end
  self:take() -- (
  if self:accept(")") then return {} end
  local args = self:list(self.expression)
  self:take() -- )
  return args
end

function Parser:literal()
  local token = self:take()
  return node(token.kind, token, { value = token.value })
end

-- A name or a parenthesized expression, with the fields, calls and methods after it.
function Parser:suffixed()
  local token, value = self.tokens[self.at], nil
  if self:accept("(") then
    value = node("paren", token, { value = self:expression() })
    self:take()
  else
    value = self:name()
  end
  while true do
    local next = self:peek()
    if next == "." then
      self:take()
      local key = self:key()
      value = node("index", token, { object = value, key = key })
    elseif next == "[" then
      self:take()
      value = node("index", token, { object = value, key = self:expression() })
      self:take()
    elseif next == ":" then
      self:take()
      local name = self:key()
      value = node("method", token, { object = value, name = name, args = self:arguments() })
    elseif next == "(" or next == "{" or next == "string" then
      value = node("call", token, { callee = value, args = self:arguments() })
    else
      return value
    end
  end
end

function Parser:simple()
  local kind = self:peek()
  if LITERALS[kind] then return self:literal() end
  if kind == "{" then return self:table() end
  if kind == "function" then return self:body(self:take()) end
  return self:suffixed()
end

function Parser:expression()
  local token, parts = self.tokens[self.at], {}
  repeat
    while UNARY[self:peek()] do
      self:take()
      parts.unary = true
    end
    table.insert(parts, self:simple())
  until not (BINARY[self:peek()] and self:take())
  if #parts == 1 and not parts.unary then return parts[1] end
  return node("operation", token, { parts = parts })
end

local STATEMENTS = {}

local function block_until_end(self, token, fields)
  fields.body = self:block()
  self:take() -- end
  return node("do", token, fields)
end

STATEMENTS["do"] = function(self, token) return block_until_end(self, token, {}) end
STATEMENTS["while"] = function(self, token)
  local condition = self:expression()
  self:take() -- do
  return block_until_end(self, token, { values = { condition } })
end
STATEMENTS["repeat"] = function(self, token)
  local made = node("repeat", token, { body = self:block() })
  self:take() -- until
  made.values = { self:expression() }
  return made
end
STATEMENTS["for"] = function(self, token)
  local names = self:list(self.name)
  self:take() -- = or in
  local values = self:list(self.expression)
  self:take() -- do
  return block_until_end(self, token, { names = names, values = values })
end
STATEMENTS["if"] = function(self, token)
  local made = node("if", token, { branches = {} })
  local word = token
  while word.kind ~= "end" do
    local condition = word.kind ~= "else" and { self:expression() } or nil
    if condition then self:take() end -- then
    table.insert(made.branches, node("do", word, { values = condition, body = self:block() }))
    word = self:take()
  end
  return made
end
STATEMENTS["function"] = function(self, token)
  local target, method = self:name(), false
  while self:peek() == "." or self:peek() == ":" do
    method = self:take().kind == ":"
    target = node("index", token, { object = target, key = self:key() })
  end
  return node("assign", token, { targets = { target }, values = { self:body(token, method) } })
end
STATEMENTS["local"] = function(self, token)
  if self:accept("function") then
    local name = self:name()
    return node("local", token, { names = { name }, values = { self:body(token) }, recursive = true })
  end
  local names = self:list(function()
    local name = self:name()
    if self:accept("<") then
      name.attribute = self:take().value
      self:take() -- >
    end
    return name
  end)
  return node("local", token, { names = names, values = self:accept("=") and self:list(self.expression) or {} })
end
STATEMENTS["return"] = function(self, token)
  local none = CLOSES[self:peek()] or self:peek() == ";"
  return node("return", token, { values = none and {} or self:list(self.expression) })
end
STATEMENTS["goto"] = function(self, token)
  self:take()
  return node("do", token, { body = {} })
end
STATEMENTS["::"] = function(self, token)
  self:take()
  self:take()
  return node("do", token, { body = {} })
end
STATEMENTS["break"] = function(_, token) return node("do", token, { body = {} }) end
STATEMENTS[";"] = STATEMENTS["break"]

function Parser:statement()
  local read = STATEMENTS[self:peek()]
  if read then return read(self, self:take()) end
  local token = self.tokens[self.at]
  local first = self:suffixed()
  if self:peek() ~= "," and self:peek() ~= "=" then return first end
  local targets = { first }
  while self:accept(",") do table.insert(targets, self:suffixed()) end
  self:take() -- =
  return node("assign", token, { targets = targets, values = self:list(self.expression) })
end

-- The statements up to the end of the block.
function Parser:block()
  local list = {}
  while not CLOSES[self:peek()] do table.insert(list, self:statement()) end
  return list
end

-- The statements of a source text.
return function(text)
  return setmetatable({ tokens = tokenize(text), at = 1 }, Parser):block()
end
