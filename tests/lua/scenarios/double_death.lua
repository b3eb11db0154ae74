-- A supervisor is killed, and its container ends before the next command: the output that the supervisor had read is in
-- the log, and the record and `logs` report that the last output may be missing.
local check = require "check"

tiny.mkdir("/tmp/shared")
check.succeeds("run", "-d", "--name", "twice", "-v", "/tmp/shared:/shared", "sh", "-c",
  "echo whole; printf begun; touch /shared/written; while [ ! -e /shared/end ]; do sleep 0.05; done; exit 7")
local dir = check.root .. "/containers/" .. tiny.list_dir(check.root .. "/containers")[1]
local function record()
  return tiny.json_decode(tiny.read_file(dir .. "/state.json") or "") or {}
end

-- A partial line is in the spool when the supervisor has read it: then the FIFO is empty.
local spool = check.root .. "/run/" .. dir:match("[^/]+$") .. "/stdout.spool"
local deadline = tiny.clock("monotonic") + 60
while (tiny.stat(spool) or { size = 0 }).size < #"whole\nbegun" do
  assert(tiny.clock("monotonic") < deadline, "nothing comes to the spool")
  tiny.poll({}, "10ms")
end
local now = record()
local supervisor = tiny.pidfd_open(now.supervisor.pid, { start_time = now.supervisor.start })
local container = tiny.pidfd_open(now.pid, { start_time = now.pid_start })
check.kill(supervisor)
tiny.write_file("/tmp/shared/end", "")
check.reaped(container)
check.equal(record().status, "running", "nobody has seen the end")
assert(not tiny.read_file(dir .. "/container.log"):find("begun", 1, true), "the part of a line was in the log already")

local logs = check.run { "logs", "twice" }
check.equal(logs.out, "whole\nbegun")
check.equal(logs.err, "tinylua: the last of its output may be missing: its supervisor was killed, and it ended before a new one was started\n")
check.equal(record().status, "exited")
check.equal(record().log_cut, true)
assert(check.succeeds("ps", "-a"):match("Exited %(unknown%)"), "the status is unknown, and said to be")

-- The next run is complete again: the log continues where it was.
check.succeeds("start", "twice")
check.succeeds("wait", "twice")
logs = check.run { "logs", "twice" }
check.equal(logs.out, "whole\nbegunwhole\nbegun")
check.equal(logs.err, "")
check.equal(record().log_cut, nil)
check.succeeds("rm", "twice")

-- Without a log there is nothing to report.
check.succeeds("run", "-d", "--name", "silent", "--log-driver", "none", "sleep", "1000")
dir = check.root .. "/containers/" .. tiny.list_dir(check.root .. "/containers")[1]
now = record()
for _, who in ipairs { { now.supervisor.pid, now.supervisor.start }, { now.pid, now.pid_start } } do
  local process = tiny.pidfd_open(who[1], { start_time = who[2] })
  check.kill(process)
end
check.succeeds("ps")
check.equal(record().log_cut, nil)
check.succeeds("rm", "silent")
check.no_container()
