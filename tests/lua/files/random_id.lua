-- random_id: returns the requested number of hexadecimal digits, different on each call.
local check = require "check"

local seen = {}
for _ = 1, 1000 do
  local id = tiny.random_id()
  assert(id:match("^%x+$") and #id == 12, id)
  check.equal(seen[id], nil, "seen before")
  seen[id] = true
end
check.equal(#tiny.random_id(2), 2)
check.equal(#tiny.random_id(128), 128)
-- A forked child does not repeat its parent.
local from, into = tiny.pipe()
local child <close> = tiny.fork(function() into:write(tiny.random_id()) end)
assert(from:read() ~= tiny.random_id())
check.refuses("digits: 3 is not an even number from 2 to 128", tiny.random_id, 3)
for _, digits in ipairs { -2, 0, 130 } do check.refuses(("digits: %d is not an integer from 2 to 128"):format(digits), tiny.random_id, digits) end
