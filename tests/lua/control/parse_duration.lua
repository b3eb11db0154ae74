-- parse_duration: returns the seconds of a duration, or nil and an error message.
local check = require "check"

for text, seconds in pairs { ["10"] = 10.0, ["10s"] = 10.0, ["500ms"] = 0.5, ["1m30s"] = 90.0, ["2h"] = 7200.0, ["1d"] = 86400.0, ["1.5"] = 1.5 } do
  check.equal(tiny.parse_duration(text), seconds, text)
end
check.equal(tiny.parse_duration(0), 0.0)
check.equal(tiny.parse_duration(0.25), 0.25)
for _, bad in ipairs { "", "s", "-1s", "1y", "1s-", "1e3", "nan", "inf", -1, -0.5, 0 / 0, 1 / 0, {}, true } do
  local nothing, wrong = tiny.parse_duration(bad)
  check.equal(nothing, nil, tiny.show(bad))
  assert(type(wrong) == "string" and #wrong > 0)
end
check.equal(select(2, tiny.parse_duration("soon")), [["soon" is not a duration; write seconds or a number with ms, s, m, h or d: "10s"]])
check.refuses("duration is missing: parse_duration(duration)", tiny.parse_duration)
