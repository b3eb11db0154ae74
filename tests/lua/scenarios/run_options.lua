-- Other options of run: --ulimit, --env-file, --cidfile, --entrypoint, --oom-score-adj, --stop-signal …
local check = require "check"

local function inside(...)
  return (check.succeeds("run", "--rm", ...):gsub("\n$", ""))
end

local refused = check.run_refused

-- Resource limits: also for exec, and after a restart.
check.equal(inside("--ulimit", "nofile=100:200", "--ulimit", "core=0", "sh", "-c", "ulimit -Sn; ulimit -Hn; ulimit -c"), "100\n200\n0")
check.equal(inside("--ulimit", "nofile=64", "-u", "nobody", "sh", "-c", "ulimit -Hn"), "64")
-- A number is a user id: the group and home are those of that user; an id without a user needs no entry.
local number, group, home = ("\n" .. tiny.read_file("/etc/passwd")):match("\nnobody:[^:]*:(%d+):(%d+):[^:]*:([^:]*)")
for _, user in ipairs { "nobody", number } do
  check.equal(inside("-u", user, "sh", "-c", "echo $(id -u):$(id -g):$HOME"), ("%s:%s:%s"):format(number, group, home), user)
end
check.equal(inside("-u", "54321", "sh", "-c", "echo $(id -u):$(id -g):$HOME"), "54321:0:/")
check.equal(inside("-u", "54321:54322", "id", "-g"), "54322")
check.equal(inside("--ulimit", "cpu=unlimited:-1", "sh", "-c", "ulimit -t"), "unlimited")
check.succeeds("run", "-d", "--name", "few", "--ulimit", "nofile=77", "--oom-score-adj", "321", "--stop-signal", "INT", "--stop-timeout", "20s",
  "sh", "-c", "rm -f /tmp/ready; trap 'exit 6' INT; touch /tmp/ready; while :; do sleep 0.05; done")
-- A shell that has not set its trap yet ignores the signal.
local function ready()
  while check.run({ "exec", "few", "test", "-e", "/tmp/ready" }).status ~= 0 do tiny.poll({}, "10ms") end
end
ready()
check.equal(check.succeeds("exec", "few", "sh", "-c", "ulimit -n; cat /proc/self/oom_score_adj"), "77\n321\n")
check.succeeds("restart", "few")
check.equal(check.succeeds("exec", "few", "sh", "-c", "ulimit -n; cat /proc/1/oom_score_adj"), "77\n321\n")
ready()
check.equal(check.run({ "stop", "few" }).err, "")
check.equal(check.succeeds("inspect", "--format", "state.exit_code", "few"), "6\n", "the stop signal")
check.succeeds("rm", "few")
refused('ulimits: unknown limit "nofiles"; did you mean "nofile"?\n  hint: the limits are as, core, cpu, data, fsize, locks, memlock, msgqueue, nice, '
  .. "nofile, nproc, rss, rtprio, rttime, sigpending, stack", "--ulimit", "nofiles=1", "true")
refused('ulimits: "nofile" is not NAME=SOFT[:HARD]\n  hint: such as nofile=1024:4096', "--ulimit", "nofile", "true")
refused('ulimits: "nofile=x": "x" is not a number or unlimited', "--ulimit", "nofile=x", "true")
refused('ulimits: "nofile=9:8": the soft limit is above the hard limit', "--ulimit", "nofile=9:8", "true")
local most = check.run { "run", "--ulimit", "nofile=unlimited", "true" }
check.equal(most.status, 125)
assert(most.err:match('^tinylua: ulimits: "nofile=unlimited": the kernel allows at most %d+ open files per process\n'), most.err)
refused("oom_score_adj: 1001 is not between -1000 and 1000", "--oom-score-adj", "1001", "true")

-- A stop signal without a handler in PID 1, and one that is not a signal.
check.succeeds("run", "-d", "--name", "deaf", "--stop-signal", "SIGRTMIN+3", "--stop-timeout", "0.3", "sleep", "60")
local start = tiny.clock("monotonic")
local deaf = check.run { "stop", "deaf" }
assert(deaf.err:match("deaf: PID 1 has no handler for SIGRTMIN%+3, so the kernel discarded it"), deaf.err)
assert(tiny.clock("monotonic") - start < 5, "the container's own time was kept")
check.succeeds("rm", "deaf")
check.succeeds("run", "-d", "--name", "quick", "--stop-signal", "9", "sleep", "60")
check.equal(check.run({ "stop", "quick" }).err, "", "SIGKILL needs no handler")
check.succeeds("rm", "quick")
refused('stop_signal: unknown signal "SIGWOOF"\n  hint: use a name or number: SIGINT, term, 9, SIGRTMIN+3', "--stop-signal", "SIGWOOF", "true")
refused('stop_signal: unknown signal "0"\n  hint: use a name or number: SIGINT, term, 9, SIGRTMIN+3', "--stop-signal", "0", "true")
check.equal(check.run({ "run", "--stop-timeout", "-1", "true" }).status, 2)

-- Files with variables.
tiny.write_file("/tmp/env", "\u{feff}# a comment\n\n  A=one # two\r\nB=\"quoted\"\nEMPTY=\nHOME_OF_NOBODY\nPATH_COPY\nC=x=y\n")
check.equal(inside("--env-file", "/tmp/env", "-e", "C=over", "sh", "-c", "echo $A-$B-$EMPTY-${PATH_COPY-unset}-$C"), 'one # two-"quoted"--unset-over')
-- From a pipe, a FIFO or standard input.
check.equal(check.run({ "run", "--rm", "--env-file", "/proc/self/fd/0", "sh", "-c", "echo $A" }, "A=piped\n").out, "piped\n")
check.equal(check.run({ "run", "--rm", "--label-file", "/proc/self/fd/0", "true" }, "a=b\n").status, 0)
tiny.mknod("/tmp/fifo", "fifo", { mode = tonumber("666", 8) })
local writer <close> = tiny.fork(function() tiny.open("/tmp/fifo", { write = true }):write("A=fifo\n") end)
check.equal(inside("--env-file", "/tmp/fifo", "sh", "-c", "echo $A"), "fifo")
tiny.write_file("/tmp/env", "HOME\n")
check.equal(inside("--env-file", "/tmp/env", "sh", "-c", "echo $HOME"), (check.environment or { HOME = os.getenv("HOME") }).HOME)
tiny.write_file("/tmp/env", "A=1\nexport B=2\n")
refused('--env-file /tmp/env:2: the name "export B" contains white space\n  hint: write NAME=VALUE, without export and quotes', "--env-file", "/tmp/env", "true")
tiny.write_file("/tmp/env", "=2\n")
refused("--env-file /tmp/env:1: the name before the = is missing", "--env-file", "/tmp/env", "true")
refused("--env-file /tmp/none: no such file", "--env-file", "/tmp/none", "true")
check.equal(check.run({ "run", "--env-file", "/tmp", "true" }).status, 125)

-- The id file: new, correct, and removed if the start fails.
local id = check.succeeds("create", "--cidfile", "/tmp/cid", "true")
check.equal(tiny.read_file("/tmp/cid"), id:sub(1, 12))
check.succeeds("rm", id:sub(1, 12))
refused("--cidfile /tmp/cid already exists\n  hint: it may belong to a container: remove it, or choose another name", "--cidfile", "/tmp/cid", "true")
tiny.remove("/tmp/cid")
check.succeeds("run", "--rm", "--cidfile", "/tmp/cid", "true")
assert(tiny.read_file("/tmp/cid"):match("^%x+$"))
tiny.remove("/tmp/cid")
for _, way in ipairs { "-d", "--rm" } do
  check.equal(check.run({ "run", way, "--cidfile", "/tmp/cid", "--host", "no-such-program" }).status, 127)
  check.equal(tiny.stat("/tmp/cid"), nil, way)
end
refused("--cidfile /tmp/no/cid: there is no directory /tmp/no", "--cidfile", "/tmp/no/cid", "true")

-- An entrypoint: the command line holds its arguments.
check.equal(inside("--entrypoint", "/bin/echo", "a", "b.lua"), "a b.lua")
check.equal(inside("--entrypoint", "/bin/echo", "x.lua"), "x.lua", "no recipe")
check.equal(check.run({ "run", "--rm", "--entrypoint", "true" }).status, 0)
check.equal(check.run({ "run", "--rm", "--entrypoint", "", "sh", "-c", "exit 3" }).status, 3, "an empty one is none")
local none = check.run { "run" }
check.equal(none.status, 2)
assert(none.err:match("no command given"), none.err)

-- Limits that the kernel would refuse with a bare number.
refused("pids: the kernel does not support 99999999999 processes\n  hint: the maximum is 4194304; 0 means no limit", "--pids-limit", "99999999999", "true")
refused("--memory-swap: it is the sum of memory and swap, and memory has no limit\n  hint: give --memory too", "--memory-swap", "64m", "true")
refused("--memory-swap: 1048576 bytes is less than the memory limit of 67108864\n  hint: it is the sum of memory and swap", "-m", "64m", "--memory-swap", "1m", "true")
refused('cpuset: "x" is not a list of CPUs\n  hint: use numbers and ranges, such as 0-2,5', "--cpuset-cpus", "x", "true")
refused('user is not UTF-8: "\u{fffd}"\n  hint: pass other bytes in a file, or encode them', "-u", "\xff", "true")
refused('name is not UTF-8: "\u{fffd}"\n  hint: pass other bytes in a file, or encode them', "--name", "\xff", "true")

-- A recipe's values, overridden by the command line.
tiny.write_file("/tmp/recipe.lua", [[
return require("tiny.container").new {
  entrypoint = { "sh", "-c" }, command = { "echo $(ulimit -n) $(cat /proc/self/oom_score_adj)" },
  ulimits = { "nofile=50" }, oom_score_adj = 7, stop_signal = "INT", read_only = true, shm_size = "1m",
}]])
check.equal(inside("/tmp/recipe.lua"), "50 7")
check.equal(inside("--oom-score-adj", "8", "/tmp/recipe.lua"), "50 8")
check.no_container()
