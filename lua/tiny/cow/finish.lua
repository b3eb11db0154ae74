-- The end of a container with copy-on-write folders: commits or discards its changes, if it was told to. Everything else waits for
-- `apply` and `discard`.
local changes = require "tiny.cow.changes"
local format = require "tiny.format"
local report = require "tiny.cow.report"
local rootless = require "tiny.base.rootless"

-- The most conflicts that are named.
local MOST = 5

-- Applies all changes but those that are held back.
local function commit(record)
  local rows, chosen = changes.list(record), {}
  for _, row in ipairs(rows) do
    if not row.held and row.change ~= "skipped" then table.insert(chosen, row) end
  end
  local done = changes.apply(record, chosen, rows)
  for _, line in ipairs(report.left(done, MOST)) do format.note("%s: %s", record.config.name, line) end
  local held = report.held(rows)
  for i = 1, math.min(#held, MOST) do format.note("%s: not applied without your review: %s", record.config.name, held[i]) end
  if #held > MOST then format.note("%s: not applied without your review: %d more", record.config.name, #held - MOST) end
end

local WAYS = { commit = commit, discard = function(record) changes.discard(record) end }

-- Does what `cow_on_exit` says. Returns whether changes are left, for which the container is kept.
return function(record)
  local way = WAYS[record.config.cow_on_exit]
  if way then
    local function act() return way(record) end
    local _, err = tiny.try(function() if rootless.is() then rootless.apart(act) else act() end end)
    if err then format.note("%s: its changes are kept: %s", record.config.name, tostring(err)) end
  end
  if not changes.any(record) then return false end
  local asks = record.config.cow_on_exit == "ask" or record.config.cow_on_exit == nil
  if record.config.remove and not asks then
    format.note("%s is not removed, since changes are left: see `tinylua changes %s`", record.config.name, record.config.name)
  end
  return true
end
