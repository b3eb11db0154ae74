-- The diff of two texts, as shown by eject and the test runner: applying it to the first text gives the second.
local check = require "check"
local diff = require "tiny.base.diff"

check.equal(diff.lines("", ""), "")
check.equal(diff.lines("a\nb\n", "a\nb"), "")
check.equal(diff.lines("", "a\n"), "+ a")
check.equal(diff.lines("a\n", ""), "- a")
check.equal(diff.lines("a\nb\nc\n", "a\nx\nc\n"), "  a\n- b\n+ x\n  c")
check.equal(diff.lines("1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\n6\n7\n"), "  …\n  5\n  6\n+ 7")
check.equal(diff.lines("0\n1\n2\n3\n4\n", "1\n2\n3\n4\n"), "- 0\n  1\n  2\n  …")

-- For all short texts of two distinct lines: the lines without "+" are the first text, those without "-" the second.
local texts = { "" }
for length = 1, 5 do
  for number = 0, (1 << length) - 1 do
    local lines = {}
    for bit = 0, length - 1 do lines[bit + 1] = number >> bit & 1 == 0 and "a" or "b" end
    table.insert(texts, table.concat(lines, "\n") .. "\n")
  end
end
local function kept(shown, without)
  local lines = {}
  for sign, line in (shown .. "\n"):gmatch("([ +-]) ([^\n]*)\n") do
    if sign ~= without then table.insert(lines, line .. "\n") end
  end
  return table.concat(lines)
end
for _, first in ipairs(texts) do
  for _, second in ipairs(texts) do
    local shown = diff.lines(first, second)
    local what = ("%q and %q"):format(first, second)
    if first == second then
      check.equal(shown, "", what)
    elseif not shown:find("…", 1, true) then
      check.equal(kept(shown, "+"), first, what)
      check.equal(kept(shown, "-"), second, what)
    end
  end
end
