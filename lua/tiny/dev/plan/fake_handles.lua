-- Fake handles for a plan: tables of the same kind and fields, whose methods are the fake primitives, and whose closing does
-- nothing. Directory handles record the host directory that they show, so that it can be read.
local effects = require "tiny.dev.effects"

local fake_handles = {}

-- The methods of handles, by kind: the primitive that each is.
local METHODS = {}
local function add(kind, method, name)
  METHODS[kind] = METHODS[kind] or {}
  METHODS[kind][method] = name
end
for _, primitive in pairs(effects.PRIMITIVES) do
  if primitive.handle then add(primitive.handle, primitive.method, primitive.name) end
end
for old, now in pairs(effects.RENAMED) do
  local kind, method = old:match("^(.*):(.*)$")
  if kind then add(kind, method, now.name) end
end

local metas = {}

local function meta_of(kind)
  if metas[kind] then return metas[kind] end
  local index = { close = function() end, keep = function(self) return self end }
  for name, primitive in pairs(METHODS[kind] or {}) do
    index[name] = function(...) return tiny[primitive](...) end
  end
  metas[kind] = { __index = index, __close = function() end, __name = kind, __tostring = function(self)
    local name = self.name or self.path or self.pid
    return ("<%s%s>"):format(kind, name and " " .. tostring(name) or "")
  end }
  return metas[kind]
end

-- A fake handle of a kind with these fields. Its owner is no process, so a real primitive would refuse it.
function fake_handles.new(kind, fields)
  local fake = fields or {}
  fake.kind, fake.owner, fake.fake = kind, -1, true
  return setmetatable(fake, meta_of(kind))
end

function fake_handles.is(value)
  return type(value) == "table" and rawget(value, "fake") == true
end

return fake_handles
