-- A scope records how to undo each step of a set-up, and undoes the steps in reverse order. With a journal, each undo action is
-- written to disk before its step, so that `replay` can clean up after a SIGKILL. An undo action is itself a primitive call:
-- { "link_del", "veth3f2a" }.
local Scope = {}
Scope.__index = Scope

-- Errors of an undo action that mean that nothing is left to undo.
local GONE = { ENOENT = true, ENODEV = true, ESRCH = true, ENOTDIR = true }

-- A journal is private to this user.
local PRIVATE_FILE = tonumber("600", 8)

-- Returns the error's text, and whether the call is none that could ever succeed.
local function undo(call)
  local _, err = tiny.try(tiny[call[1]], table.unpack(call, 2))
  if err and not GONE[err.code] then return tostring(err), err.usage end
end

-- Undoes one call of another process's journal; returns the error's text, nil if nothing is left of it.
local function undo_one(call)
  if not tiny[call[1]] then return ("%s is no call"):format(tostring(call[1])) end
  -- Processes in a cgroup would keep it.
  local group = call[1] == "cgroup_del" and tiny.try(tiny.open_cgroup, call[2])
  if group then tiny.try(tiny.cgroup_kill, group) end
  return (undo(call))
end

-- journal: the path of the journal file, or nil for a scope that ends with its process.
local function new(journal)
  return setmetatable({ calls = {}, handles = {}, journal = journal }, Scope)
end

-- The calls in a journal, and the errors of damaged lines. A truncated last line is ignored: it was written before its step.
local function read_calls(journal)
  local text, err = tiny.try(tiny.read_file, journal)
  if err then return {}, { ("%s cannot be read: %s"):format(journal, err.code or err.message) } end
  local calls, damage, number = {}, {}, 0
  for line, newline in (text or ""):gmatch("([^\n]*)(\n?)") do
    number = number + 1
    local call = tiny.json_decode(line)
    if type(call) == "table" and type(call[1]) == "string" and tiny[call[1]] then
      table.insert(calls, call)
    elseif newline ~= "" and line ~= "" then
      table.insert(damage, ("%s: line %d is damaged"):format(journal, number))
    end
  end
  return calls, damage
end

-- Records how to undo the next step.
function Scope:undo(...)
  local call = { ... }
  -- Recorded in memory first: if the journal cannot be written, it is undone all the same.
  table.insert(self.calls, call)
  if self.journal then tiny.append_file(self.journal, tiny.json_encode(call) .. "\n", { mode = PRIVATE_FILE }) end
end

-- Adds a handle, which is closed with the scope.
function Scope:add(handle)
  table.insert(self.handles, handle)
  return handle
end

-- The calls in the journal, including those of other commands; nil if it has fewer than are known here, because it could not
-- be written.
local function written(self)
  if not self.journal then return nil end
  local calls = read_calls(self.journal)
  return #calls >= #self.calls and calls or nil
end

-- Undoes everything, continuing after failures; returns their messages, and those of calls that can never succeed.
function Scope:clear()
  local failures, damage = {}, {}
  self.calls = written(self) or self.calls
  for i = #self.handles, 1, -1 do
    local _, err = tiny.try(self.handles[i].close, self.handles[i])
    if err then table.insert(failures, tostring(err)) end
  end
  for i = #self.calls, 1, -1 do
    local text, never = undo(self.calls[i])
    table.insert(never and damage or failures, text)
  end
  self.handles, self.calls = {}, {}
  if self.journal and #failures == 0 and #damage == 0 and not self.damaged then tiny.try(tiny.remove, self.journal) end
  return failures, damage
end

function Scope:close(failure)
  local failures = self:clear()
  if #failures == 0 then return end
  -- A clean-up failure is reported after the original error and never replaces it.
  if type(failure) == "table" then
    failure.cleanup = failure.cleanup or {}
    for _, text in ipairs(failures) do table.insert(failure.cleanup, text) end
  else
    tiny.fail { message = "clean-up failed: " .. table.concat(failures, "\n  "), hint = "`tinylua gc` retries it" }
  end
end
Scope.__close = Scope.close

-- Loads the journal.
function Scope:load()
  self.calls = read_calls(self.journal)
  return self
end

-- Replays a journal backwards; returns the failures, and what is damaged in the journal.
local function replay(journal)
  local scope = new(journal)
  local calls, damage = read_calls(journal)
  scope.calls, scope.damaged = calls, damage[1] ~= nil
  local failures, more = scope:clear()
  return failures, table.move(more, 1, #more, #damage + 1, damage)
end

return { new = new, replay = replay, undo_one = undo_one }
