-- The changes of a container as text: the list, the differences, and what an `apply` has done.
local format = require "tiny.format"
local unified = require "tiny.base.unified_diff"

local report = {}

-- The largest files whose lines are compared, and how much of a file tells whether it is text.
local LARGEST, SAMPLE = 1 << 20, 8192

-- Flagged changes come first, then what is not applied, then the others, each by path.
local function rank(row)
  if row.risks then return row.held and 1 or 2 end
  return row.conflict and 3 or 4
end

function report.sorted(rows)
  local order = {}
  for at, row in ipairs(rows) do order[at] = { rank(row), row.host .. "/", row } end
  table.sort(order, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
  local list = {}
  for at, item in ipairs(order) do list[at] = item[3] end
  return list
end

-- The notes on a change: what to look at, and why it is not applied.
local function remarks(row)
  local list = {}
  for _, text in ipairs(row.risks or {}) do table.insert(list, text) end
  if row.change == "skipped" then table.insert(list, "never applied: " .. row.conflict)
  elseif row.conflict then table.insert(list, "conflict: " .. row.conflict) end
  if row.was then table.insert(list, ("was a %s"):format(row.was)) end
  if row.old_mode and row.change == "changed" and row.old_mode ~= row.mode then table.insert(list, ("mode %03o, was %03o"):format(row.mode, row.old_mode)) end
  return list
end

local COLOURS = { added = "green", deleted = "red", skipped = "dim" }

-- The longest name that is shown whole: the container chooses them.
local LONGEST = 500

local function shortened(text)
  if #text <= LONGEST then return text end
  return text:sub(1, LONGEST // 2) .. "…" .. text:sub(-LONGEST // 2)
end

-- Prints changes as a list: change, path, notes; at most `most`.
function report.print(rows, most)
  local list = report.sorted(rows)
  for i = 1, math.min(#list, most or #list) do
    local row = list[i]
    local name = shortened(format.clean(row.host)) .. (row.kind == "dir" and "/" or "")
    if row.target then name = name .. " -> " .. shortened(format.clean(row.target)) end
    local notes, colour = format.clean(table.concat(remarks(row), "; ")), COLOURS[row.change]
    local word = ("%-8s"):format(row.change)
    if notes ~= "" then name = name .. "  " .. ((row.held or row.conflict) and format.colour("yellow", notes) or notes) end
    format.write(colour and format.colour(colour, word) or word, " ", name, "\n")
  end
  if most and #list > most then format.write(("… and %d more\n"):format(#list - most)) end
  format.flush()
end

-- As JSON, which cannot have all the bytes of names.
function report.json(rows)
  local list = {}
  local function text(bytes) return bytes and (utf8.len(bytes) and bytes or format.clean(bytes)) end
  for at, row in ipairs(report.sorted(rows)) do
    list[at] = {
      change = row.change, path = text(row.host), folder = text(row.folder.source), kind = row.kind, was = row.was, mode = ("%04o"):format(row.mode),
      size = row.kind == "file" and row.size or nil, target = text(row.target), conflict = text(row.conflict), held = row.held, notes = row.risks,
    }
  end
  return list
end

-- The text of a file; nil, and why, if it is not shown.
local function text_of(root, row, size)
  if size > LARGEST then return nil, "large" end
  local dir <close> = tiny.open_root(root)
  local text, err = tiny.try(tiny.read_file, row.path, { root = dir, max = LARGEST })
  if err then return nil, err.code == "EFBIG" and "large" or "unreadable" end
  if (text or ""):sub(1, SAMPLE):find("%z") then return nil, "binary" end
  return text or ""
end

-- The difference that a change makes, in unified format; "" if it has no content.
function report.difference(row)
  local new = (row.change == "added" or row.change == "changed") and row.kind == "file"
  local old = (row.change == "deleted" or row.change == "changed") and row.kind == "file"
  if not new and not old then return "" end
  local function side(shown, prefix, root)
    if not shown then return "", nil, "/dev/null" end
    local s = tiny.try(tiny.stat, row.path, { root = root, follow = false })
    local text, why = text_of(root, row, s and s.size or 0)
    return text, why, unified.name(prefix .. row.path)
  end
  local first, hidden, from = side(old, "a/", row.folder.source)
  local second, too, to = side(new, "b/", row.folder.place .. "/upper")
  if hidden or too then
    return ("Files %s and %s differ (%s)\n"):format(from, to, hidden or too)
  end
  local hunks = unified.hunks(first, second)
  return hunks == "" and "" or ("--- %s\n+++ %s\n%s"):format(from, to, hunks)
end

local function counted(n, what)
  return ("%d %s%s"):format(n, what, n == 1 and "" or "s")
end
report.counted = counted

-- What was not applied, one line each; at most `most` of a kind.
function report.left(done, most)
  local lines = {}
  for _, kind in ipairs { { "conflicts", "conflict" }, { "failed", "failed" } } do
    local list = done[kind[1]]
    for i = 1, math.min(#list, most) do table.insert(lines, ("%s: %s: %s"):format(kind[2], format.clean(list[i].path), format.clean(list[i].reason))) end
    if #list > most then table.insert(lines, ("%s: %d more"):format(kind[2], #list - most)) end
  end
  if done.attributes > 0 then table.insert(lines, counted(done.attributes, "extended attribute") .. " could not be set") end
  return lines
end

-- How many changes are held back, by what they are.
function report.held(rows)
  local list = {}
  for _, row in ipairs(rows) do
    if row.held then table.insert(list, ("%s (%s)"):format(format.clean(row.host), table.concat(row.risks, ", "))) end
  end
  return list
end

return report
