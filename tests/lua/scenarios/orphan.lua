-- A supervisor that is killed in the middle of heavy output: the container goes on, the next command
-- takes it over, every line is in the log once and in order, and the exit status is right.
local check = require "check"

local LINES = 200000
check.succeeds("run", "-d", "--name", "busy", "sh", "-c",
  ("i=0; while [ $i -lt %d ]; do i=$((i+1)); echo \"line $i\"; done; exit 7"):format(LINES))
local function state()
  local id = tiny.list_dir(check.root .. "/containers")[1]
  return tiny.json_decode(tiny.read_file(check.root .. "/containers/" .. id .. "/state.json") or "") or {}
end

local killed = 0
while state().status == "running" do
  local supervisor = state().supervisor
  local process = supervisor and tiny.pidfd_open(supervisor.pid, { start_time = supervisor.start })
  if process and killed < 8 then
    tiny.try(tiny.kill, process, "SIGKILL")
    killed = killed + 1
    tiny.poll { process }
  end
  check.succeeds("ps")
  tiny.poll({}, "10ms")
end

local expected = 1
for line in check.succeeds("logs", "busy"):gmatch("[^\n]+") do
  check.equal(line, "line " .. expected)
  expected = expected + 1
end
check.equal(expected - 1, LINES, "lines")
print("supervisors killed: " .. killed)
assert(killed > 1, "no supervisor was killed while the container wrote")
local ended = tiny.json_decode(check.succeeds("ps", "-a", "--format", "json"))[1]
check.equal(ended.status, "exited")
-- A supervisor that is not the parent learns the status since kernel 6.15; before, it says so.
if tiny.probe().calls.pidfd_exit_status then
  check.equal(ended.exit_code, 7)
elseif not ended.exit_code then
  assert(check.succeeds("ps", "-a"):match("Exited %(unknown%)"), "ps says that it is unknown")
end
