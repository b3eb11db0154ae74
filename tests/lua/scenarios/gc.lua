-- gc: if a command is killed at any point of a run, gc removes what it leaves.
local check = require "check"

local function clean()
  check.no_container()
  for _, link in ipairs(tiny.links()) do assert(link.name == "lo", "a link is left: " .. link.name) end
  for _, name in ipairs(tiny.list_dir(check.root .. "/networks/bridge/leases") or {}) do error("a lease is left: " .. name) end
  check.fails("ENOENT", tiny.open_cgroup, "tinylua")
end

local bridged = tiny.probe().network.nftables ~= false
-- The kills are spread over the duration of a start on this machine.
local before = tiny.clock("monotonic")
local id = check.succeeds("run", "-d", "-m", "64m", "--net", bridged and "bridge" or "none", "sleep", "60"):sub(1, 12)
local whole = tiny.clock("monotonic") - before
check.succeeds("rm", "-f", id)

local left = 0
for step = 0, 24 do
  local child = tiny.fork(function()
    local null = tiny.open("/dev/null", { read = true, write = true })
    for number = 0, 2 do tiny.dup2(null, number) end
    tiny.exec { "/proc/self/exe", "--root", check.root, "run", "--rm", "-m", "64m", "--net", bridged and "bridge" or "none", "sleep", "5" }
  end)
  child:wait(whole * step / 24)
  tiny.try(tiny.kill, child, "SIGKILL")
  tiny.try(child.wait, child)
  left = left + #(tiny.list_dir(check.root .. "/containers") or {})
  check.succeeds("gc")
  -- A container that was already running was recovered; it exits like any other.
  for id in check.succeeds("ps", "-q"):gmatch("%x+") do check.succeeds("rm", "-f", id) end
  check.succeeds("gc")
  clean()
end
if bridged then
  local lease = check.root .. "/networks/bridge/leases/10.10.0.2@0123456789ab"
  tiny.mkdir(lease)
  check.succeeds("gc")
  check.equal(tiny.stat(lease), nil, "a lease that nobody holds")
  clean()
end
assert(left > 0, "no kill hit a container in the making")
-- Killed while it was removed.
for _, folder in ipairs { "/containers", "/run" } do
  tiny.mkdir(check.root .. folder .. "/.0123456789ab.gone/sub", { parents = true })
end
check.succeeds("gc")
clean()
-- Killed while its record was written.
for _, file in ipairs { "config.json", "state.json" } do
  local id = check.succeeds("create", "true"):sub(1, 12)
  tiny.remove(check.root .. "/containers/" .. id .. "/" .. file)
  check.succeeds("gc")
  clean()
end
-- A name without a container, and a runtime directory: if its lock is held, it belongs to a container that is being
-- created.
tiny.write_file(check.root .. "/names/left", "0123456789ab")
tiny.mkdir(check.root .. "/run/0123456789ab")
do
  local lock <close> = tiny.flock(check.root .. "/run/0123456789ab/alive")
  check.equal(check.succeeds("gc"), "name left\n")
  assert(tiny.stat(check.root .. "/run/0123456789ab/alive"), "somebody makes it")
end
check.equal(check.succeeds("gc"), "run directory 0123456789ab\n")
clean()
-- A container whose cleanup fails stays recorded, with the remaining calls in the journal.
local id = check.succeeds("create", "--name", "stays", "true"):sub(1, 12)
tiny.mkdir("/tmp/busy/inner", { parents = true })
tiny.append_file(("%s/containers/%s/undo.jsonl"):format(check.root, id), '["remove","/tmp/busy"]\n')
local refused = check.run { "rm", "stays" }
check.equal(refused.status, 1)
assert(refused.err:find(id .. " is not removed, its clean-up failed: ", 1, true) and refused.err:find("ENOTEMPTY", 1, true), refused.err)
tiny.remove("/tmp/busy/inner")
check.succeeds("rm", "stays")
check.equal(tiny.stat("/tmp/busy"), nil)
clean()
