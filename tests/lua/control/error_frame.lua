-- error_frame: an error message, the source lines around its position, and the hint.
local check = require "check"

tiny.write_file("fails.lua", "-- one\nlocal x = 1\n\ttiny.readlink('/nope')\nreturn x\n")
local recipe = tiny.load_recipe("fails.lua")
-- The frame shows the compiled source.
tiny.write_file("fails.lua", "other\n")
local _, err = tiny.try(recipe)
local sentence, hint = 'fails.lua:3: readlink("/nope"): ENOENT: No such file or directory: /nope', "  hint: the file or its directory is missing"
check.equal(tiny.error_frame(err), table.concat({
  sentence, "   1 | -- one", "   2 | local x = 1", " > 3 |     tiny.readlink('/nope')", "     |     ^^^^^^^^^^^^^", "   4 | return x", hint,
}, "\n"))
check.equal(tiny.error_frame(err, { colours = true }):gsub("\27%[[%d;]*m", ""), tiny.error_frame(err))
assert(tiny.error_frame(err, { width = 30 }):find("     tiny.readlink('/nope…", 1, true) or tiny.error_frame(err, { width = 30 }))

-- A chunk that is not from a file is reported; an error at another position has no source lines.
local _, other = tiny.try(load("\nerror 'no'", "@typed"))
check.equal(tiny.error_frame(other), "typed:2: no")
check.equal(tiny.error_frame(other, { chunk = "typed", text = "\nerror 'no'" }), "typed:2: no\n   1 |\n > 2 | error 'no'\n     | ^^^^^^^^^^")
local _, plain = tiny.try(tiny.fail, "as it is")
check.equal(tiny.error_frame(plain), "as it is")
check.refuses('unknown option "colour"; did you mean "colours"?', tiny.error_frame, err, { colour = true })
check.refuses("error is missing: error_frame(error [, options])", tiny.error_frame)
