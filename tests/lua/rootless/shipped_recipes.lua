-- The shipped recipes that act themselves run as an ordinary user too, in a user namespace.
local check = require "check"
require("ordinary").make { delegated = false }

for name, want in pairs {
  ["hello.lua"] = "hello from tiny%-container, I am PID 1", ["namespaces.lua"] = "user +own uid +0 +%d%d",
  ["network.lua"] = "eth0\t10%.10%.0%.2/24", ["sandbox.lua"] = "/tmp is private: note",
} do
  local result = check.run { "run", name }
  check.equal(result.status, 0, name .. ": " .. result.err)
  assert(result.out:find(want), result.out)
end
