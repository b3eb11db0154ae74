-- A container forks endlessly. By default it gets 4,096 processes; 0 and -1 mean no limit. A limit that the host cannot
-- enforce is an error if it was requested, and a note if it is the default.
local check = require "check"

if not os.execute("perl -e 1 2>/dev/null") then check.skip("needs perl to fork fast") end

-- As many children as permitted, but never more than is safe here.
local BOMB = [[my $n = 1; for (1..4300) { my $pid = fork; last unless defined $pid; if (!$pid) { sleep 1000; exit } $n++ } print "$n\n"; kill 9, -1]]
local function forks(...) return (check.run { "run", "--rm", ... }.out:match("^%d+")) end
-- This many at once use a gigabyte.
local large = tonumber(tiny.read_file("/proc/meminfo"):match("MemAvailable:%s*(%d+)")) > 4 << 20
if large then check.equal(forks("perl", "-e", BOMB), "4096") end
check.equal(forks("--pids-limit", "20", "perl", "-e", BOMB), "20")

-- Processes started by exec are counted too.
local function limit(name)
  local told = tiny.json_decode(check.succeeds("inspect", name))[1]
  return told.cgroup.stats.pids_limit, told.config.limits.pids
end
check.succeeds("run", "-d", "--name", "web", "sleep", "1000")
if large then check.equal(check.succeeds("exec", "web", "perl", "-e", BOMB):match("^%d+"), "4095") end
check.equal(limit "web", 4096)
assert(check.succeeds("explain", "web"):find("processes%s+%d+%s+of 4096"), "explain tells")
-- The limit applies after a restart; after an update, the new one does.
check.succeeds("restart", "-t", "0", "web")
check.equal(limit "web", 4096)
check.succeeds("update", "--pids-limit", "9", "web")
check.equal(limit "web", 9)
check.equal(check.succeeds("exec", "web", "perl", "-e", BOMB):match("^%d+"), "8")
check.succeeds("update", "--pids-limit", "-1", "web")
check.equal(limit "web", nil)
check.equal(select(2, limit "web"), 0)
check.succeeds("restart", "-t", "0", "web")
check.equal(limit "web", nil)
check.succeeds("rm", "-f", "web")
for _, none in ipairs { "0", "-1" } do
  check.succeeds("run", "-d", "--name", "free", "--pids-limit", none, "sleep", "1000")
  check.equal(limit "free", nil)
  check.succeeds("rm", "-f", "free")
end

-- A host without the controller.
local pids = check.mount_at("/sys/fs/cgroup/pids")
if pids and check.start == tiny.fork then
  tiny.umount(pids.target)
  local told = check.run { "run", "--rm", "--name", "web", "echo", "ran" }
  check.equal(told.out, "ran\n")
  assert(told.err:match("web: cannot limit the number of processes: ENODEV[^\n]*there is no pids controller"), told.err)
  local refused = check.run { "run", "--rm", "--pids-limit", "9", "true" }
  check.equal(refused.status, 125)
  assert(refused.err:find("there is no pids controller", 1, true), refused.err)
  check.equal(check.run({ "run", "--rm", "--pids-limit", "0", "true" }).err, "")
end
check.no_container()
