-- The part of `check` for calls and the handles that they return: unknown primitives, invalid arguments (with the check of
-- the call itself: tiny.foresee), unknown methods of handles, and handles that are not used or closed.
local constant = require "tiny.dev.constant"
local effects = require "tiny.dev.effects"
local suggestion = require "tiny.dev.suggestion"

local calls = {}

local UNKNOWN = tiny.foresee()

-- Handles that have no effect if they are dropped.
local NEEDED = {}
for kind in ("child process cgroup bridge nat isolation transit pin reservation netns utsns ipcns timens userns namespace dir lock file watch notice udp listener nflog nft_watch"):gmatch("%S+") do
  NEEDED[kind] = true
end

-- Handles whose resource remains unless it is removed; the names are the calls that end or take over the resource.
local OWNED = {
  child = { ":wait", ":reap", "wait", "reap", "become_init" },
  cgroup = { "cgroup_del" },
  bridge = { "link_del" }, nat = { "nat_del" }, isolation = { "isolate_del" }, transit = { "isolate_del" }, pin = { "pin_del" },
}

-- The arguments like table.pack. `open`: a last call or vararg may be any number of arguments.
local function pack(nodes)
  local last = nodes[#nodes]
  local open = last and (last.kind == "call" or last.kind == "method" or last.kind == "...")
  local args = { n = open and #nodes - 1 or #nodes }
  for i = 1, args.n do args[i] = constant(nodes[i]) end
  return args, open
end

-- Why a call would be refused, whatever an open end of its arguments contains; and the kind that it returns.
local function foresee(name, args, open)
  local refusal, kind = tiny.foresee(name, args)
  for _ = 1, open and 4 or 0 do
    if not refusal then break end
    args.n = args.n + 1
    args[args.n] = UNKNOWN
    local with = tiny.foresee(name, args)
    if not with then refusal = nil end
  end
  return refusal, kind
end

-- The item of an argument table that an error names.
local function item_of(nodes, key)
  for _, node in ipairs(nodes) do
    for _, item in ipairs(node.kind == "table" and node.items or {}) do
      if item.named and item.key.value == key then return item end
      local inner = item_of({ item.value }, key)
      if inner then return inner end
    end
  end
end
calls.item_of = item_of

-- The primitive that is called, by its name on `tiny`, and the argument nodes; for tiny.try(tiny.x, …) those of x.
local function primitive(node, walker)
  local module, name = walker:named(node.callee)
  if module ~= "tiny" then return nil end
  local first = node.args[1]
  if name ~= "try" or not first then return name, node.args end
  local inner, tried = walker:named(first)
  if inner == "tiny" then return tried, table.move(node.args, 2, #node.args, 1, {}) end
  return name, node.args
end

local function exists(name) return tiny[name] ~= nil or name == "settings" end

-- The kind of handle of an expression that calls a primitive.
local function kind_of(node, walker)
  if not node or node.kind ~= "call" then return nil end
  local module, name = walker:named(node.callee)
  if module ~= "tiny" or not exists(name) then return nil end
  return (select(2, tiny.foresee(name)))
end

local function methods(kind)
  local found = { close = true, keep = true }
  for _, primitive in ipairs(tiny.primitives()) do
    if primitive.handle == kind then found[primitive.method] = true end
  end
  return found
end

local function released(variable, kind)
  local uses = variable.uses
  if uses[":close"] or uses[":keep"] then return true end
  for _, name in ipairs(OWNED[kind]) do if uses[name] then return true end end
  return false
end

-- A listener for tiny.dev.check_scope that adds to `found`.
function calls.new(found)
  local listener = {}
  local function say(node, message, hint)
    table.insert(found, { line = node.line, col = node.col, message = message, hint = hint })
  end
  local function refused(node, name, nodes)
    local args, open = pack(nodes)
    local refusal = foresee(name, args, open)
    if not refusal then return end
    local key = refusal:match('option "([^"]*)"')
    say(key and item_of(nodes, key) or node, name .. ": " .. refusal)
  end

  local function old_options(name, nodes)
    name = effects.now(name)
    for old, note in pairs(effects.PRIMITIVES[name] and effects.PRIMITIVES[name].renamed_options or {}) do
      local item = item_of(nodes, old)
      if item then say(item, ("%s: %s"):format(name, note)) end
    end
  end

  function listener.field(node, walker)
    local module, name = walker:named(node)
    if module ~= "tiny" then return end
    if not exists(name) then return say(node, ("no such primitive: tiny.%s"):format(name), suggestion(name, tiny)) end
    if effects.RENAMED[name] then say(node, effects.RENAMED[name].note) end
  end

  function listener.call(node, walker)
    local name, nodes = primitive(node, walker)
    if name and exists(name) then
      refused(node, name, nodes)
      old_options(name, nodes)
    end
    require("tiny.dev.check_tables").call(node, walker, say)
  end

  function listener.method(node, variable, walker)
    local kind = variable and not variable.assigned and kind_of(variable.value, walker)
    local name = node.name.value
    if not kind or name == "close" or name == "keep" then return end
    local method = kind .. ":" .. name
    if tiny.foresee(method) == false then
      return say(node, ("%s handles have no method %s"):format(kind, name), suggestion(name, methods(kind)))
    end
    if effects.RENAMED[method] then say(node, effects.RENAMED[method].note) end
    refused(node, method, { { kind = "..." }, table.unpack(node.args) })
    old_options((effects.RENAMED[method] or effects.METHODS[method]).name, node.args)
  end

  function listener.statement(node, walker)
    local kind = kind_of(node, walker)
    if not NEEDED[kind] then return end
    local _, name = walker:named(node.callee)
    say(node, ("the %s that tiny.%s returns is dropped"):format(kind, name), ("a local <close> %s it at the end"):format(OWNED[kind] and "undoes" or "closes") .. (OWNED[kind] and ", :keep() keeps it" or ""))
  end

  function listener.leave(variable, walker)
    local kind = kind_of(variable.value, walker)
    if not kind or variable.attribute or variable.assigned or variable.name:find("^_") then return end
    if variable.reads == 0 then
      if NEEDED[kind] then say(variable, ("%s, a %s, is never used"):format(variable.name, kind), ("local %s <close> %s it at the end"):format(variable.name, OWNED[kind] and "undoes" or "closes")) end
    elseif OWNED[kind] and variable.escapes == 0 and not released(variable, kind) then
      say(variable, ("%s, a %s, is never closed"):format(variable.name, kind), ("local %s <close> undoes it at the end, %s:keep() keeps it"):format(variable.name, variable.name))
    end
  end

  return listener
end

return calls
