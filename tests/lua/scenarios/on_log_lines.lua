-- on_log is called for each line once, for long lines in the same parts as in the log, and for a last line without a
-- newline.
local check = require "check"

tiny.write_file("/tmp/r.lua", [[
  local parts = {}
  return require("tiny.container").new { name = "c", command = (...)[1],
    on_log = function(ctx, line, stream, partial)
      table.insert(parts, { text = line, stream = stream, partial = partial })
    end,
    on_exit = function() tiny.write_file("/tmp/parts", tiny.json_encode(parts)) end }]])

-- The log entries, one for each line, as on_log must have received them.
local function both(command)
  check.succeeds("run", "/tmp/r.lua", command)
  local logged = {}
  for line in check.succeeds("logs", "--format", "json", "c"):gmatch("[^\n]+") do table.insert(logged, tiny.json_decode(line)) end
  local heard = tiny.json_decode(tiny.read_file("/tmp/parts"))
  check.succeeds("rm", "c")
  check.equal(#heard, #logged, "how many")
  for i, part in ipairs(heard) do
    check.equal(part.text, logged[i].text, "text of " .. i)
    check.equal(part.stream, logged[i].stream, "stream of " .. i)
    check.equal(part.partial, logged[i].partial, "partial of " .. i)
  end
  return heard
end

local heard = both("printf 'one\n\ntwo\nrest'")
check.equal(#heard, 4)
check.equal(heard[4].text, "rest")
check.equal(heard[4].partial, true)
-- 16 KiB are one line; one byte more makes two parts.
heard = both([[perl -e 'print "a" x 16384, "\n", "b" x 16385, "\n"']])
check.equal(#heard, 3)
check.equal(#heard[2].text, 16384)
check.equal(heard[2].partial, true)
check.equal(heard[3].text, "b")
check.equal(heard[3].partial, nil)
-- Characters are not split.
heard = both([[perl -e 'print "x", "\303\251" x 20000, "\n"']])
check.equal(#heard[1].text, 16383)
for _, part in ipairs(heard) do assert(utf8.len(part.text), "a character was cut") end
check.no_container()
