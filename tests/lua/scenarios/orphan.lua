-- A supervisor is killed during heavy output: the container continues, the next command recovers it, every line is in
-- the log once and in order, and the exit status is right.
local check = require "check"

local LINES = 200000
-- The container waits for the test at its end: a supervisor must not be killed when there is no process left to
-- recover.
tiny.mkdir("/tmp/shared")
check.succeeds("run", "-d", "--name", "busy", "-v", "/tmp/shared:/shared", "sh", "-c",
  ("i=0; while [ $i -lt %d ]; do i=$((i+1)); echo \"line $i\"; done; while [ ! -e /shared/end ]; do sleep 0.05; done; exit 7"):format(LINES))
local id = tiny.read_file(check.root .. "/names/busy")
local dir = check.root .. "/containers/" .. id

-- The number of lines at the end of the log.
local function logged()
  return tonumber(check.succeeds("logs", "--tail", "1", "busy"):match("%d+") or 0)
end

local killed, writing = 0, 0
while killed < 8 do
  local supervisor = tiny.json_decode(tiny.read_file(dir .. "/state.json")).supervisor
  local process <close> = tiny.pidfd_open(supervisor.pid, { start_time = supervisor.start })
  tiny.kill(process, "SIGKILL")
  tiny.poll { process }
  killed = killed + 1
  check.succeeds("ps")
  if logged() < LINES then writing = writing + 1 end
  tiny.poll({}, "10ms")
end
tiny.write_file("/tmp/shared/end", "")
check.succeeds("wait", "busy")

local expected = 1
for line in check.succeeds("logs", "busy"):gmatch("[^\n]+") do
  check.equal(line, "line " .. expected)
  expected = expected + 1
end
check.equal(expected - 1, LINES, "lines")
print(("supervisors killed: %d, while it wrote: %d"):format(killed, writing))
assert(writing > 1, "no supervisor was killed while the container wrote")
local ended = tiny.json_decode(check.succeeds("ps", "-a", "--format", "json"))[1]
check.equal(ended.status, "exited")
-- A supervisor that is not the parent can get the status since Linux 6.15; on older kernels, it reports it as unknown.
if tiny.probe().calls.pidfd_exit_status then
  check.equal(ended.exit_code, 7)
elseif not ended.exit_code then
  assert(check.succeeds("ps", "-a"):match("Exited %(unknown%)"), "ps says that it is unknown")
end
