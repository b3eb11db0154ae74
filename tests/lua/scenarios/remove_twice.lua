-- Two processes that remove the same container's folder, as `rm` and `gc` may: both succeed.
local check = require "check"
local state = require "tiny.store.state"

for round = 1, 20 do
  local dir = "/tmp/twice-" .. round
  for i = 1, 60 do tiny.mkdir(("%s/%d/a"):format(dir, i), { parents = true }) end
  local children = {}
  for i = 1, 3 do
    children[i] = tiny.fork(function()
      state.remove_all(dir)
      return 0
    end)
  end
  for _, child in ipairs(children) do check.equal(child:wait(), 0) end
  check.equal(tiny.stat(dir), nil)
end
