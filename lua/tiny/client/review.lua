-- Asks at the terminal what to do with the changes of a container that has ended: apply all, some or none of them.
local changes = require "tiny.cow.changes"
local folders = require "tiny.cow.folders"
local format = require "tiny.format"
local report = require "tiny.cow.report"
local rootless = require "tiny.base.rootless"
local state = require "tiny.state"

local review = {}

-- The most changes and lines of their differences that are shown at once.
local MOST_ROWS, MOST_LINES = 200, 400

-- Whether someone can be asked: at a terminal that shows what is asked.
function review.possible()
  return tiny.isatty(0) and tiny.isatty(1)
end

local function ask(question, letters)
  while true do
    format.write(question)
    format.flush()
    local answer = io.stdin:read("l")
    if answer == nil then
      format.line("")
      return nil
    end
    local letter = answer:lower():match("^%s*(%a?)")
    if letter ~= "" and letters:find(letter, 1, true) then return letter end
  end
end

local function print_difference(row)
  local text, count = report.difference(row), 0
  for line in text:gmatch("[^\n]*\n") do
    count = count + 1
    if count > MOST_LINES then
      format.line(("… `tinylua changes --diff` shows the rest of %s"):format(format.clean(row.path)))
      break
    end
    local colour = line:match("^%+") and "green" or line:match("^%-") and "red" or line:match("^@@") and "cyan"
    local shown = format.clean((line:gsub("\n$", ""):gsub("\t", "    ")))
    format.line(colour and format.colour(colour, shown) or shown)
  end
end

local function show(rows)
  report.print(rows, MOST_ROWS)
  local lines = 0
  for _, row in ipairs(report.sorted(rows)) do
    if lines > MOST_LINES then return format.line("… `tinylua changes --diff` shows all differences") end
    local text = report.difference(row)
    lines = lines + select(2, text:gsub("\n", ""))
    print_difference(row)
  end
end

-- Asks for each change.
local function some(rows)
  local chosen, rest = {}, nil
  for _, row in ipairs(report.sorted(rows)) do
    if row.change ~= "skipped" and not row.conflict then
      local answer = rest
      if not answer or row.held then
        report.print { row }
        print_difference(row)
        answer = ask("Apply this change? [y]es, [n]o, [a]ll of the rest, [q]uit: ", "ynaq")
      end
      if answer == nil or answer == "q" then break end
      if answer == "a" then rest = "y" end
      if answer ~= "n" then table.insert(chosen, row) end
    end
  end
  return chosen
end

local function apply(container, chosen, rows)
  local done = changes.apply(container, chosen, rows)
  format.line(("%s applied"):format(report.counted(done.applied, "change")))
  for _, line in ipairs(report.left(done, 20)) do format.line(line) end
end

-- Shows the changes and asks. The caller has the access of the container's root.
local function conversation(container)
  local rows = changes.list(container)
  if not rows[1] then return end
  format.line(("%s of %s:"):format(report.counted(#rows, "change"), container.config.name))
  show(rows)
  local answer = ask("Apply them? [a]ll, [s]ome, [n]one and keep them, [d]iscard: ", "asnd")
  if answer == "a" then
    local all = {}
    for _, row in ipairs(rows) do
      if row.change ~= "skipped" and not row.conflict then table.insert(all, row) end
    end
    apply(container, all, rows)
  elseif answer == "s" then
    local chosen = some(rows)
    if chosen[1] then apply(container, chosen, rows) end
  elseif answer == "d" then
    changes.discard(container)
    format.line("discarded")
  end
end

-- After the end of a foreground run. `held`: whether this process holds the container's lock.
function review.after(record, held)
  local container = tiny.try(state.load, record.id)
  if not container or state.busy(container) or not folders.any(container.config.mounts) or not changes.any(container) then return end
  local mine = not held and state.claim(container, 10)
  if not held and not mine then return end
  local alive <close> = mine and mine.alive or nil
  if rootless.is() then rootless.apart(function() conversation(container) end) else conversation(container) end
  if changes.any(container) then
    format.note("the changes are kept: see `tinylua changes %s`, `apply` and `discard`", container.config.name)
  elseif container.config.remove then
    state.forget(container)
  end
end

return review
