-- A container that has filled the disk of the state directory can still be stopped and removed.
local check = require "check"

tiny.mkdir("/tmp/small")
local mounted <close> = tiny.mount_tmpfs("/tmp/small", { size = "4m" })
check.root = "/tmp/small/root"

local function full()
  local file <close> = tiny.open("/tmp/small/full", { write = true, create = true })
  for _, size in ipairs { 65536, 4096, 1 } do
    while not select(2, tiny.try(file.write, file, ("x"):rep(size))) do end
  end
end
local function lives(pid)
  local status = tiny.read_file(("/proc/%d/status"):format(pid)) or ""
  return status ~= "" and not status:find("\nState:%s*Z")
end

for _, how in ipairs { { "stop", "-t", "0" }, { "kill" }, { "rm", "-f" } } do
  check.succeeds("run", "-d", "--name", "c", "sh", "-c", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done")
  local state = tiny.json_decode(check.succeeds("inspect", "c"))[1].state
  full()
  local words = table.move(how, 1, #how, 1, {})
  table.insert(words, "c")
  local done = check.run(words)
  -- kill does not wait.
  local deadline = tiny.clock("monotonic") + (how[1] == "kill" and 20 or 0)
  while lives(state.supervisor.pid) and tiny.clock("monotonic") < deadline do tiny.poll({}, "20ms") end
  assert(not lives(state.pid), how[1] .. ": the container lives: " .. done.err)
  assert(not lives(state.supervisor.pid), how[1] .. ": its supervisor lives: " .. done.err)
  if how[1] ~= "rm" then done = check.run { "rm", "-f", "c" } end
  check.equal(done.status, 0, done.err)
  tiny.remove("/tmp/small/full")
  check.no_container()
end
