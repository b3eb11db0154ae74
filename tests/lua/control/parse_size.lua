-- parse_size: returns the bytes of a size, or nil and an error message.
local check = require "check"

for text, bytes in pairs { ["0"] = 0, ["4096"] = 4096, ["64k"] = 65536, ["128M"] = 128 << 20, ["1.5g"] = 3 << 29, ["2KiB"] = 2048, ["8191t"] = 8191 << 40, [" 1 "] = 1 } do
  check.equal(tiny.parse_size(text), bytes, text)
end
check.equal(tiny.parse_size(5), 5)
check.equal(math.type(tiny.parse_size(2 ^ 20)), "integer")
for _, bad in ipairs { "", "k", "-1", "1x", "1e3", "0x10", "1 k k", "9999999t", "nan", "inf", -1, 1.5, 1 / 0, 2 ^ 63, {}, false } do
  local nothing, wrong = tiny.parse_size(bad)
  check.equal(nothing, nil, tiny.show(bad))
  assert(type(wrong) == "string" and #wrong > 0)
end
check.equal(select(2, tiny.parse_size("12q")), [["12q" is not a size; write bytes or a number with k, m, g or t: "128m"]])
check.refuses("size is missing: parse_size(size)", tiny.parse_size)
