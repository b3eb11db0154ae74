-- What a plan consists of: the calls that would be made, in their order, each with the step and the process that it
-- belongs to. It is bounded: a recipe that waits for something in a loop would wait for ever here.
local acts = require "tiny.dev.effects"
local places = require "tiny.base.callsite"

local Tape = {}
Tape.__index = Tape

local MOST = 5000
local LONGEST = 400
local HIDDEN = { "lua/tiny/dev/plan", "lua/tiny/base/callsite.lua", "lua/tiny/scope.lua" }

local function by_text(a, b) return tostring(a) < tostring(b) end

-- A value on one line, as one would write it.
local function shown(value, depth)
  if type(value) == "string" then
    if value:find("[%z\1-\8\11-\31]") and #value > 40 then return ("<%d bytes>"):format(#value) end
    return '"' .. require("tiny.format").clean((value:gsub('[\\"]', "\\%0"):gsub("\n", "\\n"))) .. '"'
  end
  if type(value) == "function" then return "function" end
  local meta = type(value) == "table" and getmetatable(value)
  if type(value) ~= "table" or meta and meta.__tostring then return tostring(value) end
  if depth > 4 then return "{…}" end
  local parts, named = {}, {}
  for i, item in ipairs(value) do parts[i] = shown(item, depth + 1) end
  for key in pairs(value) do
    if math.type(key) ~= "integer" or key < 1 or key > #value then table.insert(named, key) end
  end
  table.sort(named, by_text)
  for _, key in ipairs(named) do
    local name = type(key) == "string" and key:match("^[%a_][%w_]*$") or "[" .. shown(key, depth + 1) .. "]"
    local octal = key == "mode" and math.type(value[key]) == "integer" and ("0o%o"):format(value[key])
    table.insert(parts, name .. " = " .. (octal or shown(value[key], depth + 1)))
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

-- The arguments of a call as text.
function Tape.arguments(...)
  local parts = {}
  for i = 1, select("#", ...) do
    local value = (select(i, ...))
    if type(value) ~= "function" then table.insert(parts, shown(value, 0)) end
  end
  local text = table.concat(parts, ", ")
  return #text > LONGEST and text:sub(1, LONGEST) .. "…" or text
end

-- A new tape: no step yet, on the host.
function Tape.new()
  return setmetatable({ calls = {}, step = "prepare", lane = "host" }, Tape)
end

-- Notes a call; returns it.
function Tape:note(op, ...)
  if #self.calls >= MOST then
    tiny.fail { message = ("the plan has more than %d calls: the recipe waits for something in a loop"):format(MOST), exit = 125,
      hint = "a plan can only follow a recipe that does not depend on what its calls return" }
  end
  local call = { op = op, args = Tape.arguments(...), step = self.step, lane = self.lane, at = places.innermost(HIDDEN), recipe = tiny.caller(), plumbing = acts.PLUMBING[op] or nil }
  call.undo, self.undo = self.undo, nil
  table.insert(self.calls, call)
  return call
end

-- After the root of the process under way became another place: its mounts outside of it are out of its sight.
function Tape:pivot(place)
  place = place == "/" and "" or place
  local function inside(path)
    return (path == place or path:sub(1, #place + 1) == place .. "/") and (path:sub(#place + 1):gsub("^$", "/")) or nil
  end
  for _, call in ipairs(self.calls) do
    if call.target and call.lane == self.lane then
      call.target = inside(call.target)
      for i, path in ipairs(call.uses or {}) do call.uses[i] = inside(path) or path end
    end
  end
end

-- Calls f as a process that is forked there: what it does is its lane's.
function Tape:inside(lane, f)
  local before, step = self.lane, self.step
  self.lane = lane
  local _, err = tiny.try(f)
  self.lane, self.step = before, step
  if err and err.ended ~= self then error(err, 0) end
end

-- Ends the process under way, as exec does.
function Tape:end_process()
  tiny.fail { message = "the process becomes its program", ended = self }
end

return Tape
