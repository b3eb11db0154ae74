-- parse_addr: returns an address as bytes and prefix length, or nil.
local check = require "check"

for text, want in pairs { ["10.10.0.2"] = { "\x0a\x0a\x00\x02", 32 }, ["10.10.0.0/24"] = { "\x0a\x0a\x00\x00", 24 }, ["0.0.0.0/0"] = { "\0\0\0\0", 0 },
  ["::1"] = { ("\0"):rep(15) .. "\1", 128 }, ["fd00::/8"] = { "\xfd" .. ("\0"):rep(15), 8 } } do
  local bytes, prefix = tiny.parse_addr(text)
  check.equal(bytes, want[1], text)
  check.equal(prefix, want[2], text)
end
for _, bad in ipairs { "", "10.10.0", "10.10.0.256", "10.10.0.1/33", "fd00::/129", "web", "10.0.0.1/", "1.2.3.4 " } do
  check.equal(tiny.parse_addr(bad), nil, bad)
end
check.refuses("text is missing: parse_addr(text)", tiny.parse_addr)
