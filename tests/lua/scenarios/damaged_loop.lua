-- A container has lost its supervisor, and its recipe never returns when it is run again: the command that recovers it
-- gives up after 10 seconds and reports that; later commands do not try again. It does not matter what the recipe waits
-- for.
local check = require "check"

local LIMIT = 10
tiny.write_file("/tmp/web.lua", [[
if tiny.stat("/tmp/loop") then while true do end end
if tiny.stat("/tmp/sleep") then tiny.poll({}, 100000) end
return require("tiny.container").new { name = "bad", command = "sleep 1000", stop_signal = "SIGKILL" }]])
check.succeeds("run", "-d", "--name", "good", "sleep", "1000")

for _, how in ipairs { "loop", "sleep" } do
  local id = check.succeeds("run", "-d", "/tmp/web.lua"):match("%x+")
  local path = ("%s/containers/%s/state.json"):format(check.root, id)
  local by = tiny.json_decode(tiny.read_file(path)).supervisor
  local supervisor <close> = tiny.pidfd_open(by.pid, { start_time = by.start })
  tiny.kill(supervisor, "SIGKILL")
  tiny.poll { supervisor }
  tiny.write_file("/tmp/" .. how, "")

  local function ps()
    local before = tiny.clock("monotonic")
    local result = check.run { "ps" }
    check.equal(result.status, 0, result.err)
    assert(result.err:find(id .. ": it cannot be recovered: its recipe was still loading after 10 s; tinylua gc tries again", 1, true), result.err)
    assert(result.out:find("bad +/bin/sh .* Up .*%(damaged%)") and result.out:find("good +sleep .* Up "), result.out)
    return tiny.clock("monotonic") - before
  end
  local first = ps()
  assert(first >= LIMIT, first)
  local second = ps()
  assert(second < LIMIT, second)
  -- The process that ran the recipe is gone.
  check.equal(tiny.json_decode(tiny.read_file(path)).supervisor, nil)
  check.equal(check.run({ "exec", "bad", "true" }).status, 0)
  if how == "loop" then
    -- gc tries again; by then the recipe loads.
    tiny.remove("/tmp/loop")
    check.equal(check.run({ "gc" }).err, "")
    check.equal(check.run({ "ps" }).err, "")
    check.equal(tiny.json_decode(tiny.read_file(path)).unrecovered, nil)
  end
  check.equal(check.succeeds("stop", "bad"), "bad\n")
  check.succeeds("rm", "-f", "bad")
end
check.succeeds("rm", "-f", "good")
check.no_container()
