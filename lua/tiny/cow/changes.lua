-- The changes of a container in its copy-on-write folders: lists, selects, applies and discards them. The caller has the access of
-- the container's root to its files, and holds the container's lock unless it only reads.
local folders = require "tiny.cow.folders"
local risks = require "tiny.cow.risks"

local changes = {}

-- A list of the rows of tiny.cow_changes, with `folder` (as folders.of has it), `host` (the path on the host), and for some
-- `risks` and `held`. Without changes for a folder whose container has never started.
function changes.list(container, max)
  local all = {}
  for _, folder in ipairs(folders.of(container)) do
    if tiny.stat(folder.place .. "/start") then
      for _, row in ipairs(tiny.cow_changes(folder.place, folder.source, { max = max })) do
        row.folder, row.host = folder, folder.source .. "/" .. row.path
        risks.mark(row)
        table.insert(all, row)
      end
    end
  end
  return all
end

local function outside(path)
  return path == ".." or path:sub(1, 3) == "../"
end

-- How a path of the user's may be meant: the path on the host, in the container, or below a folder.
local function readings(container, word)
  local list, plain = {}, (word .. "/"):gsub("/%./", "/"):gsub("^%./", ""):gsub("/+$", "")
  if word == "" or plain == "" and word:sub(1, 1) == "/" then return list end
  local absolute = require("tiny.spec.values").absolute(plain):gsub("/+$", "")
  for _, folder in ipairs(folders.of(container)) do
    for _, base in ipairs { folder.source, folder.target } do
      local prefix = base:gsub("/$", "") .. "/"
      if absolute == base then table.insert(list, { folder.source, "" }) end
      if absolute:sub(1, #prefix) == prefix then table.insert(list, { folder.source, absolute:sub(#prefix + 1) }) end
    end
    if plain ~= "" and plain:sub(1, 1) ~= "/" and not outside(plain) then table.insert(list, { folder.source, plain }) end
  end
  return list
end

-- The rows at or below the paths that the user names; fails for a path without any.
function changes.select(container, rows, words)
  local chosen = {}
  for _, word in ipairs(words) do
    local found = false
    for _, reading in ipairs(readings(container, word)) do
      local source, path = reading[1], reading[2]
      for _, row in ipairs(not found and rows or {}) do
        local fits = path == "" or row.path == path or row.path:sub(1, #path + 1) == path .. "/"
        if row.folder.source == source and fits then chosen[row], found = true, true end
      end
    end
    if not found then
      tiny.fail {
        message = ("%s is not among the changes of %s"):format(tiny.show(word), container.config.name), exit = 125,
        hint = "`tinylua changes " .. container.config.name .. "` lists them",
      }
    end
  end
  local list = {}
  for _, row in ipairs(rows) do
    if chosen[row] then table.insert(list, row) end
  end
  return list
end

-- By folder, the paths of these rows.
local function by_folder(rows)
  local order, paths = {}, {}
  for _, row in ipairs(rows) do
    if not paths[row.folder] then
      paths[row.folder] = {}
      table.insert(order, row.folder)
    end
    table.insert(paths[row.folder], row.path)
  end
  return order, paths
end

-- The rows with the new directories that they are in.
local function with_parents(rows, all)
  local known, wanted, list = {}, {}, {}
  for _, row in ipairs(all) do known[row.host] = row end
  for _, row in ipairs(rows) do
    local path = row.host
    while path and not wanted[path] do
      if known[path] then wanted[path] = true end
      path = path:match("^(.+)/[^/]+$")
    end
  end
  for _, row in ipairs(all) do
    if wanted[row.host] then table.insert(list, row) end
  end
  return list
end

-- Applies rows of the list `all`. Returns { applied, bytes, attributes, conflicts, skipped, failed }; in the lists of { path,
-- reason }, paths are those of the host.
function changes.apply(container, rows, all)
  local total = { applied = 0, bytes = 0, attributes = 0, conflicts = {}, skipped = {}, failed = {} }
  local order, paths = by_folder(with_parents(rows, all))
  for _, folder in ipairs(order) do
    local done = tiny.cow_apply(folder.place, folder.source, { paths = paths[folder] })
    for _, key in ipairs { "applied", "bytes", "attributes" } do total[key] = total[key] + done[key] end
    for _, key in ipairs { "conflicts", "failed" } do
      for _, item in ipairs(done[key]) do
        item.path = folder.source .. "/" .. item.path
        table.insert(total[key], item)
      end
    end
  end
  require("tiny.store.events").emit(container, "apply", { applied = total.applied, conflicts = #total.conflicts, failed = #total.failed })
  return total
end

-- Discards rows; all changes without any.
function changes.discard(container, rows)
  if rows then
    local order, paths = by_folder(rows)
    for _, folder in ipairs(order) do tiny.cow_discard(folder.place, folder.source, { paths = paths[folder] }) end
  else
    for _, folder in ipairs(folders.of(container)) do
      if tiny.stat(folder.place .. "/start") then tiny.cow_discard(folder.place, folder.source) end
    end
  end
  require("tiny.store.events").emit(container, "discard", { discarded = rows and #rows or nil })
end

-- Whether something could still be applied. If that cannot be found out, it could.
local function has_some(container)
  for _, folder in ipairs(folders.of(container)) do
    if tiny.stat(folder.place .. "/start") and #(tiny.list_dir(folder.place .. "/upper") or {}) > 0 then
      for _, row in ipairs(tiny.cow_changes(folder.place, folder.source, { max = 1 })) do
        if row.change ~= "skipped" then return true end
      end
    end
  end
  return false
end

function changes.any(container)
  if not folders.any(container.config.mounts) then return false end
  local found, err = tiny.try(require("tiny.base.rootless").ask, function()
    local some, err = tiny.try(has_some, container)
    return (err or some) and "some" or "none"
  end)
  return err ~= nil or found ~= "none"
end

return changes
