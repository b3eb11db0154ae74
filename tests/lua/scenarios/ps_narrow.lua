-- ps on a narrow terminal: the command is shortened, and each container stays on one line. Other output is not
-- shortened.
local check = require "check"
local sit = require "person"

local command = "while :; do date; sleep 1; echo é; done"
check.succeeds("create", "--name", "some-longer-name", "sh", "-c", command)
local one = sit("ps", "-a")
local head = one:sees("(CONTAINER ID.-)\r\n")
local line = one:sees("(%x+  some%-longer%-name.-)\r\n")
for _, text in ipairs { head, line } do
  text = text:gsub("\27%[%d*m", "")
  assert(utf8.len(text) <= 80, ("%d columns: %s"):format(utf8.len(text), text))
end
assert(line:find("  sh %-c while.*…  "), line)
check.equal(one:leaves(), 0)
assert(check.succeeds("ps", "-a"):find("sh -c while :; do date; sleep 1; echo ", 1, true), "all of it where there is no terminal")
check.succeeds("rm", "some-longer-name")
check.no_container()
