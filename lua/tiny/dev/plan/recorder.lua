-- Records the calls of a plan in order, each with its step and process. Their number is limited, since a recipe that waits in
-- a loop would never end here.
local effects = require "tiny.dev.effects"
local callsite = require "tiny.base.callsite"

local Recorder = {}
Recorder.__index = Recorder

local MOST = 5000
local LONGEST = 400
local HIDDEN = { "lua/tiny/dev/plan", "lua/tiny/base/callsite.lua", "lua/tiny/scope.lua" }

local function by_text(a, b) return tostring(a) < tostring(b) end

-- A value on one line, in Lua syntax.
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
function Recorder.arguments(...)
  local parts = {}
  for i = 1, select("#", ...) do
    local value = (select(i, ...))
    if type(value) ~= "function" then table.insert(parts, shown(value, 0)) end
  end
  local text = table.concat(parts, ", ")
  return #text > LONGEST and text:sub(1, LONGEST) .. "…" or text
end

-- A new recorder: no step yet, on the host.
function Recorder.new()
  return setmetatable({ calls = {}, step = "prepare", lane = "host" }, Recorder)
end

-- Records a call; returns it.
function Recorder:note(op, ...)
  if #self.calls >= MOST then
    tiny.fail { message = ("the plan has more than %d calls; the recipe probably waits in a loop"):format(MOST), exit = 125,
      hint = "a plan cannot follow a recipe that depends on the results of its calls" }
  end
  local call = { op = op, args = Recorder.arguments(...), step = self.step, lane = self.lane, at = callsite.innermost(HIDDEN), recipe = tiny.caller(), plumbing = effects.is_plumbing(op) or nil }
  call.undo, self.undo = self.undo, nil
  table.insert(self.calls, call)
  return call
end

-- After a pivot: the process's mounts outside its new root are no longer visible to it.
function Recorder:pivot(place)
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

-- Calls f as a forked process, whose calls go to this lane.
function Recorder:inside(lane, f)
  local before, step = self.lane, self.step
  self.lane = lane
  local _, err = tiny.try(f)
  self.lane, self.step = before, step
  if err and err.ended ~= self then error(err, 0) end
end

-- Ends the current process, as exec does.
function Recorder:end_process()
  tiny.fail { message = "the process becomes its program", ended = self }
end

return Recorder
