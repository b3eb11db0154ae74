-- The unified difference of two texts: applying its hunks to the first text gives the second, with any last line, and also for long texts.
local check = require "check"
local unified = require "tiny.base.unified_diff"

check.equal(unified.hunks("", ""), "")
check.equal(unified.hunks("a\nb\n", "a\nb\n"), "")
check.equal(unified.hunks("", "a\n"), "@@ -0,0 +1 @@\n+a\n")
check.equal(unified.hunks("a\n", ""), "@@ -1 +0,0 @@\n-a\n")
check.equal(unified.hunks("a", "a\n"), "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n")
check.equal(unified.hunks("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n"), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n")
check.equal(unified.name "plain-name.c", "plain-name.c")
check.equal(unified.name 'a"\n\27\xff\\', [["a\"\012\033\377\\"]])

-- Applies hunks as patch(1) does, by their line numbers, and checks what they remove and keep.
local function applied(first, hunks)
  local lines, out, at = {}, {}, 1
  for line in first:gmatch("[^\n]*\n?") do if line ~= "" then table.insert(lines, line) end end
  local left_old, left_new, after_newline = 0, 0, nil
  local list = {}
  for line in hunks:gmatch("[^\n]*\n") do table.insert(list, line) end
  for number, line in ipairs(list) do
    local from, count, new = line:match("^@@ %-(%d+),?(%d*) %+%d+,?(%d*) @@\n$")
    if from then
      check.equal(left_old + left_new, 0, "lines of the hunk before")
      left_old, left_new = tonumber(count ~= "" and count or 1), tonumber(new ~= "" and new or 1)
      local start = left_old == 0 and from + 1 or tonumber(from)
      while at < start do table.insert(out, lines[at]) at = at + 1 end
    elseif line:sub(1, 1) ~= "\\" then
      local open = (list[number + 1] or ""):sub(1, 1) == "\\"
      local text, sign = open and line:sub(2, -2) or line:sub(2), line:sub(1, 1)
      if sign ~= "+" then
        check.equal(lines[at], text)
        at, left_old = at + 1, left_old - 1
      end
      if sign ~= "-" then
        table.insert(out, text)
        left_new = left_new - 1
      end
    end
  end
  check.equal(left_old + left_new, 0, "lines of the last hunk")
  while lines[at] do table.insert(out, lines[at]) at = at + 1 end
  return table.concat(out)
end

-- All short texts of two distinct lines, with and without a newline at the end.
local texts = { "" }
for length = 1, 4 do
  for number = 0, (1 << length) - 1 do
    local lines = {}
    for bit = 0, length - 1 do lines[bit + 1] = number >> bit & 1 == 0 and "a" or "b" end
    for _, last in ipairs { "\n", "" } do table.insert(texts, table.concat(lines, "\n") .. last) end
  end
end
for _, first in ipairs(texts) do
  for _, second in ipairs(texts) do check.equal(applied(first, unified.hunks(first, second)), second, ("%q and %q"):format(first, second)) end
end

-- Random edits of longer texts, also more than are compared.
math.randomseed(7)
for _, edits in ipairs { 1, 3, 20, 300, 3000 } do
  local lines = {}
  for i = 1, 3000 do lines[i] = "line " .. math.random(500) end
  local first = table.concat(lines, "\n") .. "\n"
  for _ = 1, edits do
    local at, how = math.random(#lines), math.random(3)
    if how == 1 then table.remove(lines, at) elseif how == 2 then table.insert(lines, at, "new " .. math.random(500)) else lines[at] = "changed" end
  end
  local second = table.concat(lines, "\n") .. "\n"
  local hunks = unified.hunks(first, second)
  check.equal(applied(first, hunks), second, edits .. " edits")
  if edits <= 20 then assert(select(2, hunks:gsub("\n[+-]", "")) <= 2 * edits + edits, "minimal") end
end
