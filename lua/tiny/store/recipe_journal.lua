-- The journals of recipes that act themselves: what a recipe has created and a SIGKILL would leave behind. A journal is made with
-- the first such handle, in the run folder, and removed when the recipe ends. Each line is a JSON object:
--   { recipe, pid, start, boot_id, version }   the first line: the process
--   { n, call, mnt, net }                      the call that undoes handle n, and the namespaces it is meant for
--   { done = n }                               the handle was closed or kept
local state = require "tiny.store.state"

local journal = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)
-- Calls that matter only to the process itself.
local OWN = { unblock_signals = true }

local function folder()
  local _, run = state.roots()
  return run .. "/recipes"
end

-- Whether a call can be repeated by another process: a handle in it, such as of a namespace, ends with this one.
local function is_plain(value)
  if type(value) ~= "table" then return type(value) ~= "userdata" and type(value) ~= "function" end
  if getmetatable(value) then return false end
  for _, part in pairs(value) do
    if not is_plain(part) then return false end
  end
  return true
end

local function namespace(kind)
  return (tiny.try(tiny.readlink, "/proc/self/ns/" .. kind))
end

-- The journal of this process's recipe; nothing is written yet.
function journal.new(recipe)
  local self = { count = 0 }
  local function append(line)
    tiny.append_file(self.path, tiny.json_encode(line) .. "\n", { mode = PRIVATE_FILE })
  end
  local function begin()
    local me = state.self()
    self.path = ("%s/%d.jsonl"):format(folder(), me.pid)
    tiny.try(tiny.remove, self.path)
    me.recipe = recipe
    while true do
      tiny.mkdir(folder(), { parents = true, mode = PRIVATE })
      local _, err = tiny.try(append, me)
      if not err then return end
      -- The recipe that ended last has removed the folder in between.
      if err.code ~= "ENOENT" then error(err, 0) end
    end
  end
  -- Takes a new handle. A journal that cannot be written changes nothing else.
  function self.created(handle)
    if self.busy or self.failed or OWN[handle.undo[1]] or not is_plain(handle.undo) then return end
    self.busy = true
    local _, err = tiny.try(function()
      if not self.path then begin() end
      self.count = self.count + 1
      local n = self.count
      append { n = n, call = handle.undo, mnt = namespace "mnt", net = namespace "net" }
      handle.recorded = function() tiny.try(append, { done = n }) end
    end)
    self.busy, self.failed = false, err ~= nil
    if err then require("tiny.format").note("what this recipe creates would outlive a crash: %s", tostring(err)) end
  end
  function self.finish()
    if not self.path then return end
    tiny.try(tiny.remove, self.path)
    tiny.try(tiny.remove, folder()) -- if it is empty
  end
  return self
end

-- The first line of a journal, and the calls that are not done, oldest first.
local function read(path)
  local head, open, order = nil, {}, {}
  for text in (tiny.read_file(path) or ""):gmatch("([^\n]*)\n") do
    local line = tiny.json_decode(text)
    if type(line) ~= "table" then goto next end
    if not head then
      head = line
    elseif line.done then
      open[line.done] = nil
    elseif math.type(line.n) == "integer" and type(line.call) == "table" and type(line.call[1]) == "string" then
      open[line.n] = line
      table.insert(order, line.n)
    end
    ::next::
  end
  local calls = {}
  for _, n in ipairs(order) do table.insert(calls, open[n]) end
  return head, calls
end

-- Undoes what recipes have left behind that were killed. undo(call) undoes one and returns an error's text; returns descriptions.
function journal.sweep(undo)
  local cleared = {}
  for _, name in ipairs(tiny.try(tiny.list_dir, folder()) or {}) do
    local path = folder() .. "/" .. name
    local head, calls = read(path)
    local living <close> = head and state.open_process(head) or nil
    local failed = false
    for i = living and 0 or #calls, 1, -1 do
      local entry = calls[i]
      -- After a reboot nothing is left; what belongs to other namespaces ended with them, or is not ours to find.
      local here = head.boot_id == tiny.boot_id() and entry.mnt == namespace "mnt" and entry.net == namespace "net"
      local err = here and undo(entry.call)
      failed = failed or err
      if here and not err then table.insert(cleared, ("%s of the recipe %s"):format(table.concat({ entry.call[1], tostring(entry.call[2]) }, " "), tostring(head.recipe))) end
      if err then require("tiny.format").note("%s: while cleaning up: %s", tostring(head.recipe), err) end
    end
    if not living and not failed then tiny.try(tiny.remove, path) end
  end
  return cleared
end

return journal
