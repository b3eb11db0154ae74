-- --restart: a container that exits is restarted by its policy, until stop.
local check = require "check"

local function runs(name)
  local count = 0
  for _ in check.succeeds("logs", name):gmatch("run\n") do count = count + 1 end
  return count
end

check.succeeds("run", "-d", "--name", "three", "--restart", "on-failure:2", "sh", "-c", "echo run; exit 5")
check.equal(check.succeeds("wait", "three"), "5\n")
check.equal(runs("three"), 3, "starts")
check.succeeds("run", "-d", "--name", "once", "--restart", "on-failure", "sh", "-c", "echo run")
check.equal(check.succeeds("wait", "once"), "0\n")
check.equal(runs("once"), 1, "starts")

check.succeeds("run", "-d", "--name", "ever", "--restart", "always", "sh", "-c", "echo run")
while runs("ever") < 3 do tiny.poll({}, "20ms") end
check.succeeds("stop", "-t", "0", "ever")
local after = runs("ever")
tiny.poll({}, "500ms")
check.equal(runs("ever"), after, "starts after stop")
check.equal(check.succeeds("inspect", "--format", "state.status", "ever"), "stopped\n")

local bad = check.run { "run", "--restart", "sometimes", "true" }
check.equal(bad.status, 125)
check.equal(bad.err, 'tinylua: restart: unknown policy "sometimes"\n  hint: use one of: no, on-failure, on-failure:N, always, unless-stopped\n')
