-- logs: --tail counts lines of any length, and a huge line is printed whole.
local check = require "check"

check.succeeds("run", "--name", "long", "sh", "-c", "echo first; head -c 20000 /dev/zero | tr '\\0' x; echo; echo last")
check.equal(check.succeeds("logs", "--tail", "1", "long"), "last\n")
check.equal(#check.succeeds("logs", "--tail", "2", "long"), 20000 + 1 + #"last\n", "the long line whole")
check.equal(check.succeeds("logs", "--tail", "0", "long"), "")
check.equal(check.succeeds("logs", "--tail", "9", "long"):match("^first\n") and true, true)
for _, count in ipairs { "-1", "some", "1.5" } do
  local refused = check.run { "logs", "--tail=" .. count, "long" }
  check.equal(refused.err, ("tinylua: --tail %q is neither a number nor \"all\"\n"):format(count))
  check.equal(refused.status, 2)
end

check.succeeds("run", "--name", "huge", "sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x")
check.equal(#check.succeeds("logs", "huge"), 1000000, "a line of many entries")
