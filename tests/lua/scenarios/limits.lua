-- run with limits: they are enforced, an OOM kill is reported as such, and the cgroup is removed with the container.
local check = require "check"

local hog = "a=x; while :; do a=$a$a; done"
local killed = check.run { "run", "--name", "hog", "-m", "20m", "sh", "-c", hog }
check.equal(killed.status, 137)
assert(killed.err:match("hog ran out of memory %(limit 20971520 bytes%); the kernel killed %d+ of its processes"), killed.err)
local shown = tiny.json_decode(check.succeeds("ps", "-a", "--format", "json"))[1]
check.equal(shown.oom, true)
check.equal(shown.exit_code, 137)
assert(check.succeeds("ps", "-a"):match("Exited %(137%) out of memory"), "ps tells")

local forks = check.run { "run", "--rm", "--pids-limit", "4", "sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait" }
assert(forks.err:match("[Cc]annot fork") or forks.err:match("Resource temporarily unavailable"), forks.err)

local id = check.succeeds("run", "-d", "-m", "64m", "--cpus", "0.5", "--pids-limit", "10", "sleep", "60"):sub(1, 12)
local stats = tiny.cgroup_stats(tiny.open_cgroup(check.cgroup_of(id)))
check.equal(stats.memory_limit, 64 << 20)
check.equal(stats.pids_limit, 10)
check.equal(stats.pids, 1)
check.succeeds("stop", "-t", "0", id)
check.fails("ENOENT", tiny.open_cgroup, check.cgroup_of(id))
