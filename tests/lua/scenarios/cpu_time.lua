-- --cpu-time: the CPU time of all processes of a container together; status 152, as after SIGXCPU.
local check = require "check"

local probe = check.run { "run", "--rm", "--cpu-time", "60s", "true" }
if probe.status ~= 0 then
  assert(probe.err:find("nothing counts the CPU time of this container as a whole", 1, true), probe.err)
  check.skip("no CPU accounting for containers here")
end

local function record(name)
  return tiny.json_decode(check.succeeds("inspect", name))[1].state
end

-- A limit that is reached only after the commands before have acted.
local began = tiny.clock("monotonic")
check.succeeds("run", "--rm", "true")
local later = ("%dms"):format(math.max(1, 8 * (tiny.clock("monotonic") - began)) * 1000 // 1)

local ended = check.run { "run", "--name", "busy", "--cpu-time", "300ms", "sh", "-c", "while :; do :; done" }
check.equal(ended.status, 152)
check.equal(ended.err, "tinylua: busy was ended: its CPU time of 0.3 s was used up\n")
local s = record "busy"
check.equal(s.signal, "SIGXCPU")
check.equal(s.exceeded, "cpu_time")
assert(s.usage.cpu_seconds >= 0.3 and s.usage.cpu_seconds < 3, "CPU seconds: " .. s.usage.cpu_seconds)
assert(check.succeeds("ps", "-a"):find("Exited (152) out of CPU time", 1, true), "ps")

-- Many short processes, none of which uses much: RLIMIT_CPU would never end them.
ended = check.run { "run", "--rm", "--cpu-time", "500ms", "sh", "-c", "while :; do (:); done" }
check.equal(ended.status, 152)

-- Waiting costs nothing.
check.equal(check.run({ "run", "--rm", "--cpu-time", later, "sleep", "1.5" }).status, 0)

-- The next supervisor goes on.
check.succeeds("run", "-d", "--name", "orphan", "--cpu-time", later, "sh", "-c", "while :; do :; done")
local supervisor = record("orphan").supervisor
local process <close> = tiny.pidfd_open(supervisor.pid, { start_time = supervisor.start })
check.kill(process)
check.equal(check.succeeds("wait", "orphan"), "152\n")

check.refused("cpu_time: 0 seconds are too short\n  hint: the minimum is 1ms; omit it for no limit", "run", "--cpu-time", "0s", "true")
