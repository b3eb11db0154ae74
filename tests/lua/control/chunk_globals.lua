-- chunk_globals: what a text uses, without running it.
local check = require "check"

local uses = tiny.chunk_globals("print(tiny.getpid())\nmistake = x\nlocal y = 1\nreturn function() y = tiny end", "t.lua")
local lines = {}
for i, use in ipairs(uses) do lines[i] = ("%s:%d%s"):format(use.name, use.line, use.written and " written" or "") end
table.sort(lines)
check.equal(table.concat(lines, ", "), "mistake:2 written, print:1, tiny.getpid:1, tiny:4, x:2")
local nothing, wrong = tiny.chunk_globals("local = 1", "t.lua")
check.equal(nothing, nil)
check.equal(wrong, "t.lua:1: <name> expected near '='")
check.refuses("name is missing: chunk_globals(text, name)", tiny.chunk_globals, "")
