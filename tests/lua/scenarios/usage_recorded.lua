-- What a run has used is recorded at its end, and reported by inspect, wait, run --usage and ctx.usage. What is not counted
-- here is absent.
local check = require "check"

local SCRIPT = "x=$(head -c 8000000 /dev/zero | tr '\\0' x); for i in 1 2 3 4; do sleep 0.2 & done; i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; wait"

local function plausible(used, what)
  assert(used.wall_seconds >= 0.2 and used.wall_seconds < 60, what .. ": wall_seconds")
  assert(used.cpu_seconds > 0 and used.cpu_seconds < 60, what .. ": cpu_seconds")
  assert(math.abs(used.cpu_seconds - used.user_seconds - used.system_seconds) < 0.1 + used.cpu_seconds / 10, what .. ": user and system")
  assert(used.rss_peak > 2 << 20 and used.rss_peak < 1 << 30, what .. ": rss_peak " .. used.rss_peak)
  assert(used.voluntary_switches > 0 and used.involuntary_switches >= 0, what .. ": switches")
  for _, key in ipairs { "memory_peak", "pids_peak", "read_bytes" } do assert(used[key] ~= 0 or key == "read_bytes", key .. " is not 0") end
end

local began = tiny.clock("monotonic")
check.succeeds("run", "--name", "plain", "sh", "-c", SCRIPT)
local took = tiny.clock("monotonic") - began
local inspected = tiny.json_decode(check.succeeds("inspect", "plain"))[1].state.usage
plausible(inspected, "inspect")
local waited = tiny.json_decode(check.succeeds("wait", "--format", "json", "plain"))[1]
check.equal(waited.exit_code, 0)
check.equal(waited.name, "plain")
check.equal(waited.usage.cpu_seconds, inspected.cpu_seconds)
check.equal(check.succeeds("inspect", "--format", "state.usage.rss_peak", "plain"), inspected.rss_peak .. "\n")

-- With --usage, memory and I/O are counted wherever there is a controller for them.
local group = tiny.try(tiny.probe).cgroup.controllers
local report = check.run { "run", "--rm", "--usage", "-v", "/tmp:/out", "sh", "-c", SCRIPT }
check.equal(report.status, 0)
assert(report.err:match("wall time +%d+%.%d%d%d s\n"), report.err)
assert(report.err:match("CPU time +%d+%.%d%d%d s %(user %d+%.%d%d%d s, system %d+%.%d%d%d s%)\n"), report.err)
assert(report.err:match("context switches +%d+ voluntary, %d+ involuntary\n"), report.err)
check.succeeds("run", "--rm", "--usage=/tmp/used", "sh", "-c", SCRIPT .. "; exit 0")
local written = tiny.json_decode(tiny.read_file("/tmp/used"))
check.equal(written.exit_code, 0)
plausible(written.usage, "the file")
if check.environment == nil and group.memory then
  assert(written.usage.memory_peak > 2 << 20 and written.usage.memory_peak < 1 << 30, "memory_peak")
  assert(report.err:match("peak memory +%d"), report.err)
end
if check.environment == nil and group.pids and written.usage.pids_peak then
  assert(written.usage.pids_peak >= 5 and written.usage.pids_peak < 20, "pids_peak: " .. written.usage.pids_peak)
end

-- A container that has removed itself is reported by its last event.
check.succeeds("run", "-d", "--rm", "--name", "gone", "sh", "-c", ("sleep %d; exit 9"):format(3 + 4 * took // 1))
local gone = tiny.json_decode(check.succeeds("wait", "--format", "json", "gone"))[1]
check.equal(gone.exit_code, 9)
check.equal(gone.removed, true)
assert(gone.usage.wall_seconds >= 2.9, "wall_seconds of a removed container")

-- The recipe's own function sees it.
tiny.write_file("/tmp/counted.lua", [[
return require("tiny.container").new {
  command = { "true" }, usage = true,
  on_exit = function(ctx) tiny.write_file("/tmp/seen", tiny.json_encode(ctx.usage)) end,
}]])
check.succeeds("run", "--rm", "/tmp/counted.lua")
assert(tiny.json_decode(tiny.read_file("/tmp/seen")).wall_seconds > 0, "ctx.usage")

-- A supervisor that did not start the container reports what it can; what it cannot know is absent.
tiny.mkdir("/tmp/shared")
check.succeeds("run", "-d", "--name", "orphan", "-v", "/tmp/shared:/shared", "sh", "-c", "while [ ! -e /shared/end ]; do sleep 0.05; done")
local supervisor = tiny.json_decode(check.succeeds("inspect", "orphan"))[1].state.supervisor
local process <close> = tiny.pidfd_open(supervisor.pid, { start_time = supervisor.start })
check.kill(process)
check.succeeds("ps")
tiny.poll({}, "1s")
tiny.write_file("/tmp/shared/end", "")
check.run { "wait", "orphan" }
local found = tiny.json_decode(check.succeeds("inspect", "orphan"))[1].state.usage
check.equal(found.rss_peak, nil)
check.equal(found.voluntary_switches, nil)
assert(found.wall_seconds >= 0.9 and found.wall_seconds < 60, "wall_seconds after a recovery")

check.equal(check.run({ "run", "-d", "--usage", "true" }).err,
  "tinylua: --usage cannot be used with -d, which does not wait for the end\n  hint: tinylua wait --format json reports it\n")
check.equal(check.run({ "create", "--usage=/tmp/x", "true" }).status, 2)
check.refused('--usage: "/dev/null" exists and is not a regular file', "run", "--usage=/dev/null", "true")
