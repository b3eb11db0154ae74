-- show: formats any value as one short line without control characters.
local check = require "check"

for text, value in pairs {
  ["1"] = 1,
  ["1.5"] = 1.5,
  ["true"] = true,
  ['"a\\"b\\\\\\n\\t\\u{1b}[2J\\u{0}\\u{9b}"'] = "a\"b\\\n\t\27[2J\0\u{9b}",
  ['"\u{fffd}x"'] = "\xffx",
  ["{}"] = {},
  ['{ 1, 2, a = "x" }'] = { 1, 2, a = "x" },
  ['{ ["\\u{1b}[2J"] = 1, ["two words"] = 2 }'] = { ["\27[2J"] = 1, ["two words"] = 2 },
  ["{ [true] = … }"] = { [true] = 1 },
  ["{ { { {…} } } }"] = { { { { 1 } } } },
  ["<function>"] = print,
} do
  check.equal(tiny.show(value), text)
end
check.equal(tiny.show(nil), "nil")
local loop = {}
loop[1] = loop
check.equal(tiny.show(loop), "{ { { {…} } } }")
assert(#tiny.show(("é"):rep(10000)) < 130)
local file <close> = tiny.open("/dev/null")
check.equal(tiny.show(file), "<file /dev/null>")
