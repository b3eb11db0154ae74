-- Walks through a command of the OCI runtime call by call, with a fault at each (src/vm/fault.rs). Afterwards `state` and `list` tell
-- the truth, and `delete --force` leaves nothing.
local call_trace = require "call_trace"
local check = require "check"
local hostile = require "oci_hostile"
local leftovers = require "leftovers"
local oci = require "oci_bundle"

local faults = {}

local WITNESS = "/tmp/fault"
-- Of the calls, CI walks every n-th; another share for each kind of fault.
local SHARE = 5

-- The bundle: hooks of all kinds, a filter, a device, a volume, a user namespace if `userns`.
local function bundle(userns)
  local hook = { { path = "/bin/busybox", args = { "cat" } } }
  return (oci.bundle(nil, function(c, path)
    c.process.args = { "sleep", "1000" }
    c.hooks = { prestart = hook, createRuntime = hook, createContainer = hook, poststart = hook, poststop = hook }
    c.hooks.startContainer = { { path = "/bin/busybox", args = { "true" } } }
    c.linux.seccomp = { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "acct" }, action = "SCMP_ACT_ERRNO" } } }
    c.linux.resources = { pids = { limit = 100 } }
    c.process.rlimits = { { type = "RLIMIT_NOFILE", soft = 100, hard = 100 } }
    table.insert(c.mounts, { destination = "/data", type = "bind", source = path .. "/rootfs/etc", options = { "rbind", "ro" } })
    if not userns then
      c.linux.devices = { { path = "/dev/fuse", type = "c", major = 10, minor = 229 } }
      return
    end
    table.insert(c.linux.namespaces, { type = "user" })
    c.linux.uidMappings = { { containerID = 0, hostID = 100000, size = 65536 } }
    c.linux.gidMappings = c.linux.uidMappings
    os.execute(("chown -R 100000:100000 %s/rootfs"):format(path))
  end))
end

local COMMANDS = {
  create = { words = function(path) return { "create", "--bundle", path, "c" } end, prepare = {} },
  start = { words = function() return { "start", "c" } end, prepare = { "create" } },
  delete = { words = function() return { "delete", "--force", "c" } end, prepare = { "create", "start" } },
  kill = { words = function() return { "kill", "c", "KILL" } end, prepare = { "create", "start" } },
  exec = { words = function() return { "exec", "c", "true" } end, prepare = { "create", "start" } },
}

local function run(words, fault)
  local env = { PATH = os.getenv "PATH", HOME = "/root", TINYLUA_FAULT = fault }
  local result = oci.run(words, { env = env, wait = false })
  local ended = #tiny.poll({ result.child }, 60) > 0
  if not ended then tiny.kill(result.child, "SIGKILL") end
  result.wait()
  result.hung = not ended
  return result
end

-- The processes that a container may have: those that were not there before, as { pid = name }.
local function processes(before)
  local found = {}
  for _, name in ipairs(tiny.list_dir "/proc") do
    local pid = name:match("^%d+$") and math.tointeger(tonumber(name))
    local stat = pid and pid ~= tiny.getpid() and tiny.try(tiny.read_file, "/proc/" .. name .. "/stat")
    local comm = stat and not stat:match("%) [ZX] ") and stat:match("%((.*)%)")
    if comm and not before["process " .. name .. " (" .. comm .. ")"] then found[pid] = comm end
  end
  return found
end

-- What is wrong with what `state` and `list` say; nil if they tell the truth.
local function lie(before)
  local alive = processes(before)
  local listed = oci.run { "list", "--format", "json" }
  local said = oci.run { "state", "c" }
  local rows = listed.status == 0 and tiny.json_decode(listed.out)
  if not rows then return "list: " .. listed.out .. listed.err end
  local now = processes(before)
  -- Nothing is compared with what changes at this moment.
  for pid, name in pairs(alive) do
    if now[pid] ~= name then return "its processes change" end
  end
  if said.status ~= 0 then
    if not said.err:find("does not exist", 1, true) then return "state: " .. said.err end
    if #rows > 0 then return "it is listed, and has no state" end
    if next(alive) then return "it does not exist, and a process lives: " .. select(2, next(alive)) end
    return
  end
  local state = tiny.json_decode(said.out)
  if not rows[1] or rows[1].status ~= state.status then return "list and state differ" end
  if next(alive) and state.status == "stopped" then return ("it is stopped, and %s lives"):format(select(2, next(alive))) end
  if not next(alive) and state.status ~= "stopped" then return ("it is %s, and no process lives"):format(state.status) end
  if state.status == "running" and alive[state.pid] ~= "sleep" then return "it is running, and its program was not executed" end
  if state.status == "created" and not alive[state.pid]:find("^tinylua") then return "it is created, and its program was executed: " .. alive[state.pid] end
end

-- One point; returns the primitive with the fault, or nil if there are fewer calls. Problems are added to `walk.problems`.
local function point(walk, generation, call)
  for _, name in ipairs(COMMANDS[walk.command].prepare) do oci.succeeds(COMMANDS[name].words(walk.bundle)) end
  tiny.write_file(WITNESS, "")
  local result = run(COMMANDS[walk.command].words(walk.bundle), ("%d:%s:%d:%s"):format(call, walk.kind, generation, WITNESS))
  local problems = {}
  if result.hung then table.insert(problems, "it hangs") end
  -- A fault after the set-up: the program is not executed, and start says so.
  local started = walk.command == "create" and result.status == 0 and run { "start", "c" }
  local op = tiny.read_file(WITNESS)
  if op == "" then
    hostile.delete()
    return nil
  end
  local false_, limit = lie(walk.before), tiny.clock "monotonic" + 5
  while false_ and tiny.clock "monotonic" < limit do
    tiny.poll({}, "20ms")
    false_ = lie(walk.before)
  end
  if false_ then table.insert(problems, false_) end
  -- A first process that is killed cannot be told from a program that ends at once.
  if walk.kind == "fail" and started and started.status == 0 and oci.run({ "state", "c" }).out:find '"stopped"' then table.insert(problems, "start succeeded, and it is stopped") end
  -- A create that fails leaves nothing by itself.
  if walk.command == "create" and walk.kind == "fail" and result.status ~= 0 then
    local left = tiny.list_dir(oci.root()) or {}
    if #left > 0 then table.insert(problems, "create failed and left its directory") end
  end
  local deleted = run { "delete", "--force", "c" }
  if deleted.status ~= 0 then table.insert(problems, "delete --force: " .. deleted.err) end
  leftovers.settle(walk.before)
  for _, what in ipairs(leftovers.beyond(walk.before)) do
    if not what:match("^cgroup /.*/tinylua%-oci$") then table.insert(problems, what) end
  end
  if #(tiny.list_dir(oci.root()) or {}) > 0 then table.insert(problems, "its directory is left") end
  if #problems > 0 then
    local about = ("%s %s in process %d at call %d, %s (status %s)"):format(walk.command, walk.kind, generation, call, op, result.status)
    table.insert(walk.problems, ("%s: %s\n    %s"):format(about, table.concat(problems, ", "), result.err))
    -- The next point begins without them.
    tiny.try(tiny.cgroup_del, "tinylua-oci/c", { kill = true })
    tiny.try(tiny.remove, oci.root() .. "/c", { recursive = true })
    walk.before = leftovers.look()
  end
  return op
end

-- The number of calls of each process of a command without a fault.
local function calls_of(walk)
  for _, name in ipairs(COMMANDS[walk.command].prepare) do oci.succeeds(COMMANDS[name].words(walk.bundle)) end
  local traced = oci.succeeds { "--trace=json", table.unpack(COMMANDS[walk.command].words(walk.bundle)) }
  -- The first process of a container makes its last calls during start.
  if walk.command == "create" then oci.succeeds { "start", "c" } end
  local calls = call_trace.parse(traced.read ".err" .. traced.read())
  hostile.delete()
  return calls
end

-- Walks a command ("create", "start", "delete", "kill", "exec") with a kind of fault ("fail", "kill-before", "kill-after").
-- options: userns; least, the number of calls that there are at least.
function faults.walk(command, kind, options)
  local walk = { command = command, kind = kind, bundle = bundle(options.userns), problems = {} }
  local known = calls_of(walk)
  leftovers.settle()
  walk.before = leftovers.look()
  local points, there, turn = 0, 0, #kind % SHARE
  for generation = 0, 9 do
    if not known[generation] then break end
    local call = 0
    repeat
      call = call + 1
      -- Calls that the trace did not show are walked all.
      local beyond = call > #known[generation]
      if not beyond then there = there + 1 end
      local op = true
      if hostile.whole or beyond or (call + turn) % SHARE == 0 then
        op = point(walk, generation, call)
        points = points + (op and 1 or 0)
      end
    until beyond and not op
  end
  print(("%s %s: %d calls, %d problems"):format(command, kind, there, #walk.problems))
  -- The suite adds these up.
  print("fault points walked: " .. points)
  assert(#walk.problems == 0, "\n" .. table.concat(walk.problems, "\n"))
  assert(there >= options.least, "the walk ended early")
end

return faults
