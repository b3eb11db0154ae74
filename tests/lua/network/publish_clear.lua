-- publish_clear: removes the empty table; refuses, and changes nothing, while a port is published.
local check = require "check"
local sockets = require "sockets"

local err = check.fails("ENOENT", tiny.publish_clear)
assert(err.hint:match("no port was published"), err.hint)
for _, port in ipairs { "8080:10.10.0.2:80", "10.20.0.1:8080:10.10.0.2:80", "81:[fd10::2]:80", "[fd20::1]:82:[fd10::2]:80" } do
  local handle <close> = tiny.publish(port)
  local before = sockets.ruleset()
  err = check.fails("EBUSY", tiny.publish_clear)
  assert(err.hint:match("published"), err.hint)
  check.equal(table.concat(tiny.published()), port)
  check.equal(sockets.ruleset(), before, "the table is as it was")
end
tiny.publish_clear()
check.equal(sockets.ruleset(), "")
check.fails("ENOENT", tiny.publish_clear)
check.refuses('unknown option "ns"; known options: netns', tiny.publish_clear, { ns = 1 })
