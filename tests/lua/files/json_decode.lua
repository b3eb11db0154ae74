-- json_decode: parses JSON; invalid text is reported, not thrown.
local check = require "check"

local value = tiny.json_decode([[ {"a": [1, 2.0, "x\u0000\u00e9\ud83d\ude00"], "n": null, "t": true, "o": {}} ]])
check.equal(math.type(value.a[1]), "integer")
check.equal(math.type(value.a[2]), "float")
check.equal(value.a[3], "x\0é😀")
check.equal(value.n, nil)
check.equal(value.t, true)
check.equal(next(value.o), nil)
check.equal(tiny.json_decode("null"), nil)
check.equal(tiny.json_decode("-9223372036854775808"), math.mininteger)
check.equal(tiny.json_decode("9223372036854775807"), math.maxinteger)
check.equal(tiny.json_decode("18446744073709551615"), 18446744073709551615.0)
check.equal(#tiny.json_decode('"' .. ("x"):rep(1000000) .. '"'), 1000000)

-- Every byte of a string and every integer size is preserved.
local bytes = {}
for i = 0, 127 do bytes[#bytes + 1] = string.char(i) end
for _, there in ipairs { table.concat(bytes), "", 0, -1, 1 << 53, (1 << 53) + 1, 0.1, 1e300, -0.0, true, false } do
  check.equal(tiny.json_decode(tiny.json_encode(there)), there)
end

for _, text in ipairs { "", "{", "[1,]", "{a:1}", "'x'", "[1] 2", "\"\xff\"", "\"\\ud800\"", "nul", "1e400", "01", "\"\n\"", ("["):rep(128) .. ("]"):rep(128), ("["):rep(1000000) } do
  local nothing, wrong = tiny.json_decode(text)
  check.equal(nothing, nil, text:sub(1, 20))
  assert(wrong:match("line %d+ column %d+"), wrong)
end

-- Programs disagree about a key that an object has twice.
check.equal(tiny.json_decode('{"a": 1, "a": 2}').a, 2)
for _, text in ipairs { '{"a": 1, "a": 2}', '{"a": null, "a": 1}', '[{"b": {"a": 1, "\\u0061": 1}}]' } do
  local nothing, wrong = tiny.json_decode(text, { unique = true })
  check.equal(nothing, nil, text)
  assert(wrong:match('^the key "a" is there twice at line 1 column %d+$'), wrong)
end
check.equal(#tiny.json_decode('[{"a": 1}, {"a": 2, "A": 3}]', { unique = true }), 2)

check.refuses("text is missing: json_decode(text [, options])", tiny.json_decode, nil)
check.refuses("text: expected string, got a table", tiny.json_decode, {})
