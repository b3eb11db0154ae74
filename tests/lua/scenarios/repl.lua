-- The prompt with standard input that is not a terminal: results, errors with their line, exit status.
local check = require "check"

local function repl(input)
  return check.run({ "repl" }, input)
end

local result = repl('x = 20\nx + 1, "é\\27[2J"\nfor i = 1, 2 do\n  x = x + i\nend\nx\ntiny.sethostname\n')
check.equal(result.err, "")
check.equal(result.status, 0)
assert(result.out:find('^21\n"é\\x1b%[2J"\n23\nfunction: '), result.out)

result = repl('print("before")\ny = {\n}\ntiny.readlink("/no/such/link")\nprint("after")\n')
check.equal(result.out, "before\n")
check.equal(result.err, 'tinylua: stdin:4: readlink("/no/such/link"): ENOENT: No such file or directory: /no/such/link\n'
  .. "  hint: the file or its directory is missing\n")
check.equal(result.status, 125)

result = repl("x = = 1\n")
check.equal(result.err, "tinylua: stdin:1: unexpected symbol near '='\n")
check.equal(result.status, 125)

-- A child never returns to the prompt: the second line runs once.
result = repl('c = tiny.fork(function() return 7 end)\nprint(c:wait())\n')
check.equal(result.out, "7\n")

-- The first help text fits on a terminal of 80 columns.
for line in repl("help()\n").out:gmatch("[^\n]+") do assert(utf8.len(line) <= 80, line) end
-- The options of a command, also if a function creates them.
result = repl('help "run"\nhelp "stop"\n')
check.equal(result.err, "")
assert(result.out:find("\n  -m, --memory SIZE       Memory limit, such as 128m\n", 1, true), result.out)
assert(result.out:find("tinylua stop [OPTIONS] CONTAINER…", 1, true), result.out)

result = repl('help(tiny.pivot_root)\nhelp("tiny.scope")\nhelp("no_such_thing")\n')
assert(result.out:find("^tiny%.pivot_root%(root%)\n"), result.out)
assert(result.out:find("\ntiny.scope  (shipped)\n", 1, true), result.out)
assert(result.err:find('^tinylua: no documentation for "no_such_thing"'), result.err)

assert(repl("help(tiny.no_such_thing)\n").err:find("help: the value is nil", 1, true))

-- An error in the last operation of a line has this line; comments and several values are allowed.
result = repl("missing.field\n")
check.equal(result.err:match("^[^\n]*"), "tinylua: stdin:1: attempt to index a nil value (global 'missing')")
check.equal(repl("1, 2 -- two\nnil\n").out, "1\n2\nnil\n")

-- foreground takes a function, a command line or words.
check.equal(repl('foreground("exit 3")\nforeground { "sh", "-c", "exit 4" }\nforeground({ uts = true }, "exit 5")\nforeground(function() return 6 end)\n').out, "3\n4\n5\n6\n")
assert(repl("foreground {}\n").err:find("foreground: no command\n  hint: such as foreground(\"sh\")", 1, true))

-- A closed handle is shown as one.
check.equal(repl("n = tiny.netns()\nn\nn:close()\nn\n").out, "<netns>\n<netns, closed>\n")
