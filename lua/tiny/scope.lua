-- A scope: what a container's set-up made, to be undone in reverse. With a journal, each undo is
-- written to disk before the step it undoes, so that `replay` clears what a SIGKILL left behind.
-- An undo is itself a primitive call: { "link_del", "veth3f2a" }.
local Scope = {}
Scope.__index = Scope

-- What an undo may answer when the thing is gone already.
local GONE = { ENOENT = true, ENODEV = true, ESRCH = true, ENOTDIR = true }

-- Only this user reads a journal.
local PRIVATE_FILE = tonumber("600", 8)

local function undo(call)
  local _, err = tiny.try(tiny[call[1]], table.unpack(call, 2))
  if err and not GONE[err.code] then return tostring(err) end
end

-- journal: the path of the journal file, or nil for a scope that ends with its process.
local function new(journal)
  return setmetatable({ calls = {}, handles = {}, journal = journal }, Scope)
end

-- The calls in a journal. A last line that was cut short by a crash is no step: it was written before
-- the step it would undo.
local function read_calls(journal)
  local calls = {}
  for line in (tiny.read_file(journal) or ""):gmatch("[^\n]+") do
    local call = tiny.json_decode(line)
    if type(call) == "table" and tiny[call[1]] then table.insert(calls, call) end
  end
  return calls
end

-- Notes how to undo the step that comes next.
function Scope:undo(...)
  local call = { ... }
  -- Known here before it is on disk: when the journal cannot be written, this is undone all the same.
  table.insert(self.calls, call)
  if self.journal then tiny.append_file(self.journal, tiny.json_encode(call) .. "\n", { mode = PRIVATE_FILE }) end
end

-- Closes a handle with the scope.
function Scope:add(handle)
  table.insert(self.handles, handle)
  return handle
end

-- What is in the journal, also what other commands wrote into it; nil where it has less than is known
-- here, since it could not be written.
local function written(self)
  if not self.journal then return nil end
  local calls = read_calls(self.journal)
  return #calls >= #self.calls and calls or nil
end

-- Undoes everything, over failures; returns their texts.
function Scope:clear()
  local failures = {}
  self.calls = written(self) or self.calls
  for i = #self.handles, 1, -1 do
    local _, err = tiny.try(self.handles[i].close, self.handles[i])
    if err then table.insert(failures, tostring(err)) end
  end
  for i = #self.calls, 1, -1 do failures[#failures + 1] = undo(self.calls[i]) end
  self.handles, self.calls = {}, {}
  if self.journal and #failures == 0 then tiny.try(tiny.remove, self.journal) end
  return failures
end

function Scope:close(failure)
  local failures = self:clear()
  if #failures == 0 then return end
  -- A failing clean-up is told after the cause and never replaces it.
  if type(failure) == "table" then
    failure.cleanup = failure.cleanup or {}
    for _, text in ipairs(failures) do table.insert(failure.cleanup, text) end
  else
    tiny.fail { message = "cleaning up failed: " .. table.concat(failures, "\n  "), hint = "tinylua gc tries again" }
  end
end
Scope.__close = Scope.close

-- Takes over what the journal says.
function Scope:load()
  self.calls = read_calls(self.journal)
  return self
end

-- Replays a journal backwards; returns what could not be undone.
local function replay(journal)
  return new(journal):load():clear()
end

return { new = new, replay = replay }
