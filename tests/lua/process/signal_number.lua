-- signal_number: returns the number of a signal by any of its names.
local check = require "check"

for name, number in pairs { SIGTERM = 15, term = 15, ["9"] = 9, Hup = 1, ["SIGRTMIN+1"] = 35 } do
  check.equal(tiny.signal_number(name), number, name)
end
check.equal(tiny.signal_number(2), 2)
check.refuses('signal: "SIGFOO" is not a signal; did you mean "SIGIO"?', tiny.signal_number, "SIGFOO")
