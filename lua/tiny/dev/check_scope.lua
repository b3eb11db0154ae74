-- Walks a syntax tree with its scopes: resolves locals, their values and how they are used. It calls a listener:
-- listener.call(node, walker), listener.method(node, variable), listener.field(node, walker),
-- listener.statement(node, walker) and, when a variable's scope ends, listener.leave(variable).
--
-- A variable is { name, line, col, attribute, value, reads, escapes, uses }: `value` is the node assigned to it, if it is
-- assigned once; `uses` are the names of the methods called on it and of the primitives that it is passed to; `escapes`
-- counts uses that cannot be followed.
local Walker = {}
Walker.__index = Walker

function Walker:open() self.scope = { outer = self.scope, names = {}, order = {} } end

function Walker:shut()
  for _, variable in ipairs(self.scope.order) do self.listener.leave(variable, self) end
  self.scope = self.scope.outer
end

function Walker:declare(name, value)
  local variable = { name = name.name, line = name.line, col = name.col, attribute = name.attribute, value = value, reads = 0, escapes = 0, uses = {} }
  self.scope.names[name.name] = variable
  table.insert(self.scope.order, variable)
  return variable
end

function Walker:find(name)
  local scope = self.scope
  while scope do
    if scope.names[name] then return scope.names[name] end
    scope = scope.outer
  end
end

-- The module that a node refers to: a `require` call, or a variable assigned from one.
function Walker:module(node)
  if node.kind == "name" then
    local variable = self:find(node.name)
    if not variable then return node.name == "tiny" and "tiny" or nil end
    return variable.value and variable.value.kind == "call" and not variable.assigned and self:module(variable.value) or nil
  end
  local required = node.kind == "call" and node.callee.kind == "name" and node.callee.name == "require" and not self:find("require")
  local name = required and node.args[1]
  return name and name.kind == "string" and name.value or nil
end

-- The module and field of a callee: "tiny" and "clone" for tiny.clone.
function Walker:named(node)
  if node.kind ~= "index" or node.key.kind ~= "string" then return nil end
  local module = self:module(node.object)
  if module then return module, node.key.value end
end

function Walker:use(node, how)
  local variable = self:find(node.name)
  if not variable then
    table.insert(self.globals, { name = node.name, line = node.line, col = node.col })
  else
    variable.reads = variable.reads + 1
    if how then variable.uses[how] = true else variable.escapes = variable.escapes + 1 end
  end
  return variable
end

-- An expression; `how` is the use of a name: nil if the use cannot be followed.
function Walker:expression(node, how)
  local visit = Walker[node.kind]
  if visit then visit(self, node, how) end
end

function Walker:expressions(list, how)
  for _, node in ipairs(list or {}) do self:expression(node, how) end
end

function Walker.name(self, node, how) self:use(node, how) end
function Walker.paren(self, node) self:expression(node.value, "a value") end
function Walker.operation(self, node) self:expressions(node.parts, #node.parts == 1 and "a value" or nil) end

function Walker.table(self, node, how)
  for _, item in ipairs(node.items) do
    if item.key and not item.named then self:expression(item.key, "a value") end
    self:expression(item.value, how)
  end
end

function Walker.index(self, node)
  self:expression(node.object, "a field")
  if node.key.kind ~= "string" then self:expression(node.key, "a value") end
  self.listener.field(node, self)
end

Walker["function"] = function(self, node)
  self:open()
  for _, parameter in ipairs(node.params) do self:declare(parameter) end
  self:statements(node.body)
  self:shut()
end

function Walker.call(self, node)
  self:expression(node.callee, "a call")
  local module, name = self:named(node.callee)
  -- A primitive does not keep its arguments; other functions may.
  self:expressions(node.args, module == "tiny" and name or nil)
  self.listener.call(node, self)
end

function Walker.method(self, node)
  local variable = node.object.kind == "name" and self:find(node.object.name) or nil
  self:expression(node.object, ":" .. node.name.value)
  self:expressions(node.args)
  self.listener.method(node, variable, self)
end

-- Statements.
Walker["local"] = function(self, node)
  if node.recursive then self:declare(node.names[1], node.values[1]) end
  self:expressions(node.values)
  for i, name in ipairs(node.recursive and {} or node.names) do
    -- Only a name's own expression is its value; further results of a call are unknown.
    self:declare(name, (i < #node.names or #node.values <= i) and node.values[i] or nil)
  end
end

function Walker.assign(self, node)
  self:expressions(node.values)
  for _, target in ipairs(node.targets) do
    local variable = target.kind == "name" and self:find(target.name)
    if variable then
      variable.assigned = true
    elseif target.kind == "name" then
      table.insert(self.globals, { name = target.name, line = target.line, col = target.col, written = true })
    else
      self:expression(target.object, "a field")
      self:expression(target.key, "a value")
    end
  end
end

Walker["do"] = function(self, node)
  self:expressions(node.values, "a value")
  self:open()
  for _, name in ipairs(node.names or {}) do self:declare(name) end
  self:statements(node.body)
  self:shut()
end

-- The condition is in the scope of the block's locals.
Walker["repeat"] = function(self, node)
  self:open()
  self:statements(node.body)
  self:expressions(node.values, "a value")
  self:shut()
end

Walker["if"] = function(self, node) self:statements(node.branches) end
Walker["return"] = function(self, node) self:expressions(node.values) end

function Walker:statements(list)
  for _, node in ipairs(list) do
    self:expression(node)
    if node.kind == "call" or node.kind == "method" then self.listener.statement(node, self) end
  end
end

-- Walks the statements of a file; returns the uses of globals: { name, line, col, written }.
local function walk(statements, listener)
  local self = setmetatable({ listener = listener, globals = {} }, Walker)
  self:open()
  self:statements(statements)
  self:shut()
  return self.globals
end

return { walk = walk }
