-- json_encode: writes text that `json_decode` reads back unchanged; refuses other values and names their position.
local check = require "check"

check.equal(tiny.json_encode { b = 1, a = { 1, 2.5, true }, ["k\n"] = "\0\"\\/é\u{1F600}" },
  [[{"a":[1,2.5,true],"b":1,"k\n":"\u0000\"\\/é😀"}]])
check.equal(tiny.json_encode {}, "{}")
check.equal(tiny.json_encode({ list = {} }, { array = true }), [[{"list":[]}]])
check.equal(tiny.json_encode({ a = { 1 } }, { pretty = true }), "{\n  \"a\": [\n    1\n  ]\n}")
check.equal(tiny.json_encode("x"), '"x"')
check.equal(tiny.json_encode(math.mininteger), "-9223372036854775808")
check.equal(tiny.json_encode { setmetatable({ a = 1 }, { __index = { b = 2 } }) }, '[{"a":1}]')

local deep = {}
for _ = 1, 126 do deep = { deep } end
assert(tiny.json_decode(tiny.json_encode(deep)), "127 deep")
check.refuses("value" .. ("[1]"):rep(11) .. "[1…: deeper than 127 tables, or a table that contains itself", tiny.json_encode, { deep })
for _ = 1, 100000 do deep = { deep } end
local loop = {}
loop.loop = loop
local file <close> = tiny.open("/dev/null")
for text, value in pairs {
  ["value: a function cannot be written as JSON"] = print,
  ["value.a[2].f: a function cannot be written as JSON"] = { a = { 1, { f = print } } },
  ["value.file: a file handle cannot be written as JSON"] = { file = file },
  ["value[2]: a hole in the list"] = { 1, nil, 3 },
  ['value: a list that also has the key "n"'] = { 1, n = 1 },
  ["value: the key 5 is not a string, and the table is not a list"] = { [5] = "x" },
  ["value: the key true is not a string, and the table is not a list"] = { [true] = "x" },
  ['value.s: "�" is not UTF-8'] = { s = "\xff" },
  ["value.n: JSON has no inf"] = { n = 1 / 0 },
  ["value" .. (".loop"):rep(7) .. "…: deeper than 127 tables, or a table that contains itself"] = loop,
  ["value" .. ("[1]"):rep(11) .. "[1…: deeper than 127 tables, or a table that contains itself"] = deep,
} do
  check.refuses(text, tiny.json_encode, value)
end
check.refuses("value is missing: json_encode(value [, options])", tiny.json_encode)
check.refuses([[unknown option "indent"; known options: pretty, array]], tiny.json_encode, {}, { indent = 2 })
