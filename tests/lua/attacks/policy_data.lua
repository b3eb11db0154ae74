-- A policy may come from another author, with an image. If it were run as Lua, it could hang or exhaust memory. It is
-- parsed as data.
local check = require "check"

local function refused(what, text, want)
  tiny.write_file("/tmp/p.lua", text)
  local began = tiny.clock("monotonic")
  local result = check.run { "run", "--rm", "--policy", "/tmp/p.lua", "true" }
  check.equal(result.status, 125, what)
  assert(result.err:find(want, 1, true), what .. ": " .. result.err)
  assert(tiny.clock("monotonic") - began < 5, what .. " held it up")
end
-- A policy that would hang as a program does not hang the test: memory and time are bounded.
tiny.setrlimit("as", "2g")
tiny.setrlimit("cpu", 20)

refused("a loop", "while true do end", '/tmp/p.lua:1:1: expected a value, got "while"')
refused("memory", 'return { cap_drop = { ("x"):rep(1e9) } }', '/tmp/p.lua:1:23: expected a value, got "("')
refused("a pattern", 'return { cap_drop = { ("a"):rep(30):find(("a?"):rep(30)) } }', "expected a value")
refused("a function", "\nreturn { seccomp = { notify = {\n  mkdir = function() while true do end end } } }", "/tmp/p.lua:3:11: expected a value")
refused("a computed value", "return { cap_drop = { 'A' .. 'LL' } }", [[/tmp/p.lua:1:27: expected ',' or '}', got "."]])
refused("depth", "return " .. ("{"):rep(100000), "tables are nested more than 32 levels deep")
refused("count", "return { cap_drop = {" .. ("1,"):rep(200000) .. "} }", "the file has more than 100000 items")
refused("size", "return { --" .. ("x"):rep(2 << 20) .. "\n}", "EFBIG")
refused("bytecode", string.dump(load "return {}"), "/tmp/p.lua:1:1: expected a value")
refused("code behind it", "return {}\nwhile true do end", '/tmp/p.lua:2:1: expected the end of the file, got "while"')
refused("a second value", "return {}, {}", '/tmp/p.lua:1:10: expected the end of the file, got ","')
refused("a key twice", "return { cap_drop = { 'ALL' }, cap_drop = {} }", '/tmp/p.lua:1:32: "cap_drop" is given twice')
refused("an escape", [[return { cap_drop = { "\999" } }]], "/tmp/p.lua:1:24: invalid escape sequence")
refused("an open comment", "return { --[[", "/tmp/p.lua:1:12: the long bracket is not closed")

-- All notations for the same policy.
local literal = require "tiny.base.literal"
local made = literal.read('\u{feff}--[[ a\ncomment ]] return {\n a = 1; ["b"] = -0x10, [3] = "\\65\\x42\\u{20ac}\\z  \\n", c = { true, false, nil, 1.5e2 }, d = [[\nx]], e = \'"\' } -- end', "p.lua")
check.equal(made.a, 1)
check.equal(made.b, -16)
check.equal(made[3], "AB€\n")
check.equal(#made.c, 4)
check.equal(made.c[4], 150.0)
check.equal(made.d, "x")
check.equal(made.e, '"')
