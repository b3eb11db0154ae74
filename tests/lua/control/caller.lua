-- caller: returns the position in the user's file, even from within a shipped module.
local check = require "check"

tiny.write_file("where.lua", "local f = ...\nlocal place =\n  f()\nreturn place")
assert(tiny.caller():match("caller.lua:5$"), tiny.caller())
local place = tiny.load_recipe("where.lua")(function() return (tiny.caller()) end)
assert(place:match("caller.lua:6$"), place)
check.equal(tiny.load_recipe("where.lua")(tiny.caller), "where.lua:3")
check.refuses("takes at most 0 arguments: caller()", tiny.caller, 1)
