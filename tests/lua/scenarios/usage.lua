-- stats, update, diff: the resource usage and changes of a container, and its limits while it runs.
local check = require "check"

local id = check.succeeds("run", "-d", "--name", "busy", "-m", "64m", "sh", "-c",
  "echo new > /etc/made; rm /etc/hostname; echo more >> /etc/group; mkdir /opt/dir; while :; do :; done"):sub(1, 12)
local stats = tiny.json_decode(check.succeeds("stats", "--no-stream", "--format", "json"))[1]
check.equal(stats.name, "busy")
check.equal(stats.memory_limit, 64 << 20)
assert(stats.cpu_seconds == nil or stats.cpu_seconds > 0, "CPU seconds")
assert(check.succeeds("stats", "--no-stream", "busy"):match(id .. "  busy  [%d.-]+%%?  +%S+ / 64MiB"), "the table")

check.succeeds("update", "-m", "128m", "--pids-limit", "7", "busy")
stats = tiny.cgroup_stats(tiny.open_cgroup(check.cgroup_of(id)))
check.equal(stats.memory_limit, 128 << 20)
check.equal(stats.pids_limit, 7)
check.equal(check.succeeds("inspect", "--format", "config.limits.memory", "busy"), (128 << 20) .. "\n")
check.equal(check.run({ "update", "busy" }).status, 2)

local changes = check.succeeds("diff", "busy")
for _, line in ipairs { "A  /etc/made", "D  /etc/hostname", "C  /etc/group", "A  /opt/dir" } do
  assert(("\n" .. changes):find("\n" .. line .. "\n", 1, true), line .. " is not in\n" .. changes)
end
check.succeeds("rm", "-f", "busy")
check.equal(check.run({ "update", "-m", "64m", "busy" }).status, 1)
