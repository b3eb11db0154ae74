-- format_addr: formats the bytes of an address.
local check = require "check"

for _, text in ipairs { "10.10.0.2", "0.0.0.0", "255.255.255.255", "::1", "fd00::2", "2001:db8::ff00:42:8329" } do
  check.equal(tiny.format_addr((tiny.parse_addr(text))), text)
end
for _, bad in ipairs { "", "123", ("x"):rep(15) } do
  check.refuses("bytes: expected a string of 4 or 16 bytes", tiny.format_addr, bad)
end
check.refuses("bytes: expected a string of 4 or 16 bytes", tiny.format_addr, 5)
