-- parse_timestamp: parses the output of `timestamp`, and times in any other zone.
local check = require "check"

check.equal(tiny.parse_timestamp("1970-01-01T00:00:00Z"), 0.0)
check.equal(tiny.parse_timestamp("2024-02-29T12:34:56.5Z"), 1709210096.5)
check.equal(tiny.parse_timestamp("2024-02-29T14:34:56.5+02:00"), 1709210096.5)
check.equal(tiny.parse_timestamp(tiny.timestamp(1234567890.25)), 1234567890.25)
for _, text in ipairs { "", "now", "2023-02-29T00:00:00Z", "2024-02-29", "2024-02-29T25:00:00Z", "2024-02-29T12:34:56" } do
  check.equal(tiny.parse_timestamp(text), nil, text)
end
check.refuses("text: expected string, got 5", tiny.parse_timestamp, 5)
