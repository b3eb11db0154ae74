-- read_line: reads standard input by lines, or by chunks of Lua, and nothing beyond them.
local check = require "check"

-- Runs f in a child whose standard input holds `text`.
local function with_input(text, f)
  local from, into = tiny.pipe()
  into:write(text)
  into:close()
  local child <close> = tiny.fork(function()
    tiny.dup2(from, 0)
    f()
  end)
  check.equal(child:wait(), 0, "the child's status")
end

with_input("one\ntwo {\n3\n", function()
  check.equal(tiny.read_line("? "), "one")
  check.equal(tiny.read_line("? "), "two {")
  check.equal(tiny.read_line("? "), "3")
  check.equal(tiny.read_line("? "), nil, "the end")
end)

with_input("x = {\n  1\n}\nf(1,\n2)\nrest", function()
  check.equal(tiny.read_line("", { lua = true }), "x = {\n  1\n}")
  check.equal(tiny.read_line("", { lua = true }), "f(1,\n2)")
  check.equal(tiny.read_line("", { lua = true }), "rest")
end)

-- The following input belongs to the programs that are started.
with_input("first\nsecond\n", function()
  check.equal(tiny.read_line(""), "first")
  local child <close> = tiny.fork(function() tiny.exec { "/bin/sh", "-c", 'read line; test "$line" = second' } end)
  check.equal(child:wait(), 0, "the program's line")
end)

check.refuses('unknown option "histroy"; did you mean "history"?', tiny.read_line, "", { histroy = "x" })
check.refuses("prompt is missing: read_line(prompt [, options])", tiny.read_line)
check.refuses('option "names": expected table, got 1', tiny.read_line, "", { names = 1 })
check.refuses('option "strings": expected function, got a table', tiny.read_line, "", { strings = {} })
