-- After a reboot: a record of another boot is not trusted. Containers that were running have ended with an unknown
-- status; a restart policy starts nothing by itself; containers with --rm are gone, and all others can be started
-- again.
local check = require "check"

local function record(id) return check.root .. "/containers/" .. id .. "/state.json" end

-- Turns a running container into what a power failure leaves, with a pid that another process has now.
local function cut_power(id)
  local state = tiny.json_decode(tiny.read_file(record(id)))
  local supervisor <close> = tiny.pidfd_open(state.supervisor.pid, { start_time = state.supervisor.start })
  local process <close> = tiny.pidfd_open(state.pid, { start_time = state.pid_start })
  for _, doomed in ipairs { supervisor, process } do
    tiny.kill(doomed, "SIGKILL")
    tiny.poll { doomed }
  end
  state.boot_id = "00000000-0000-4000-8000-000000000000"
  state.pid, state.pid_start = tiny.getpid(), tiny.process_start_time(tiny.getpid())
  -- Neither that supervisor nor a stop in progress belongs to this boot, although a process with its pid and start time
  -- exists, and its deadline on the monotonic clock has not passed.
  state.supervisor = { pid = state.pid, start = state.pid_start, boot_id = state.boot_id }
  state.stopping = { pid = state.pid, start = state.pid_start, boot_id = state.boot_id, till = tiny.clock("monotonic") + 10000 }
  tiny.write_file(record(id), tiny.json_encode(state))
end

local ids = {}
for name, policy in pairs { plain = "no", always = "always", unless = "unless-stopped" } do
  ids[name] = check.succeeds("run", "-d", "--name", name, "--restart", policy, "sleep", "60"):sub(1, 12)
end
local brief = check.succeeds("run", "-d", "--rm", "--name", "brief", "sleep", "60"):sub(1, 12)
check.equal(check.run({ "run", "--name", "before", "sh", "-c", "exit 3" }).status, 3)
for _, id in pairs(ids) do cut_power(id) end
cut_power(brief)
tiny.remove(check.root .. "/run", { recursive = true })

-- A pid and a start time of another boot belong to another process, and a time on its clock is meaningless.
do
  local state, myself = require "tiny.store.state", tiny.getpid()
  local who = { pid = myself, start = tiny.process_start_time(myself), boot_id = tiny.boot_id(), till = tiny.clock("monotonic") + 1000 }
  local living <close> = state.open_process(who)
  assert(living and state.stopping { stopping = who }, "of this boot")
  who.boot_id = "00000000-0000-4000-8000-000000000000"
  check.equal(state.open_process(who), nil)
  check.equal(state.stopping { stopping = who }, false)
  check.equal(state.process { state = { pid = who.pid, pid_start = who.start, boot_id = who.boot_id } }, nil)
end

check.equal(check.succeeds("ps", "-q"), "", "nothing runs")
local seen = 0
for _, c in ipairs(tiny.json_decode(check.succeeds("ps", "-a", "--format", "json"))) do
  check.equal(c.status, "exited", c.name)
  check.equal(c.exit_code, c.name == "before" and 3 or nil, c.name)
  check.equal(c.pid, nil, c.name)
  seen = seen + 1
end
check.equal(seen, 4, "containers on record: what had --rm is gone")
local _, unknown = check.succeeds("ps", "-a"):gsub("Exited %(unknown%)", "")
check.equal(unknown, 3, "ends that nobody saw")
check.equal(tiny.stat(check.root .. "/containers/" .. brief), nil)

check.succeeds("start", "always", "before")
check.succeeds("wait", "before")
check.equal(check.succeeds("ps", "-q"), ids.always .. "\n")
check.succeeds("rm", "-f", "always")
check.succeeds("create", "--name", "new", "true")
check.succeeds("prune")
check.no_container()
check.equal(check.succeeds("gc"), "", "nothing is left to clear")
