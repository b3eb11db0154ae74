-- Commands on one volume at the same time: a run never misses its volume, and a removal either removes it or names its users.
local check = require "check"

local function worker(times, f)
  return tiny.fork(function()
    for i = 1, times do f(i) end
    return 0
  end)
end
local function runs()
  check.equal(check.succeeds("run", "--rm", "-v", "data:/d", "-v", "/a", "sh", "-c", "echo x >/d/x && echo y >/a/y && cat /d/x /a/y"), "x\ny\n")
end
local function removes()
  local result = check.run { "volume", "rm", "data" }
  assert(result.status == 0 or result.err:find("volume data is in use by ", 1, true) or result.err:find("no such volume", 1, true), result.err)
end
local function creates() check.equal(check.succeeds("volume", "create", "data"), "data\n") end
local function prunes() check.succeeds("volume", "prune", "-af") end

local workers = { worker(15, runs), worker(15, runs), worker(40, removes), worker(40, creates), worker(40, prunes), worker(10, function() check.succeeds("gc") end) }
for _, one in ipairs(workers) do check.equal(one:wait(), 0) end
check.succeeds("volume", "prune", "-af")
check.equal(table.concat(tiny.list_dir(check.root .. "/volumes"), " "), ".lock")
check.no_container()
