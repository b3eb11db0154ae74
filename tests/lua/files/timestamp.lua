-- timestamp: returns RFC 3339 times in UTC with nanoseconds.
local check = require "check"

check.equal(tiny.timestamp(0), "1970-01-01T00:00:00.000000000Z")
check.equal(tiny.timestamp(1709210096.5), "2024-02-29T12:34:56.500000000Z")
check.equal(tiny.timestamp(-1), "1969-12-31T23:59:59.000000000Z")
local now = tiny.timestamp()
assert(now:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d%d%d%d%d%d%dZ$"), now)
assert(math.abs(tiny.parse_timestamp(now) - tiny.clock()) < 2)
for _, seconds in ipairs { 1e300, -1e300 } do
  local _, err = tiny.try(tiny.timestamp, seconds)
  assert(err.usage and err.message:match("outside the years"), tostring(err))
end
check.refuses("seconds: inf is not a finite number", tiny.timestamp, 1 / 0)
check.refuses([[seconds: expected number, got the string "now"]], tiny.timestamp, "now")
