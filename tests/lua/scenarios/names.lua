-- Two concurrent runs with one name: exactly one succeeds, and the other leaves nothing behind.
local check = require "check"

local runs = {}
for i = 1, 6 do
  runs[i] = tiny.fork(function()
    local result = check.run { "run", "-d", "--name", "one", "sleep", "30" }
    if result.status ~= 0 and not result.err:match('^tinylua: the name "one" is in use by container %x+\n') then
      error(result.err)
    end
    return result.status
  end)
end
local won = 0
for _, run in ipairs(runs) do won = won + (run:wait() == 0 and 1 or 0) end
check.equal(won, 1, "winners")
check.equal(#tiny.list_dir(check.root .. "/containers"), 1, "containers on record")
check.succeeds("stop", "-t", "0", "one")
