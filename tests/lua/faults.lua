-- Walks through a command call by call and injects a fault at each (src/vm/fault.rs). Afterwards the kernel and the
-- store must be as they were before, and a container that is still running must be intact.
local call_trace = require "call_trace"
local check = require "check"
local leftovers = require "leftovers"

local faults = {}

local WITNESS = "/tmp/fault"
local EGRESS = { "--name", "c", "--network", "bridge", "--egress", "api.test:443", "--egress", "10.0.0.0/8:5432", "-p", "9080:80" }
local OPTIONS = {
  "--init", "--cgroup-parent", "walked/inner", "-v", "/etc:/srv:ro", "--tmpfs", "/t", "--read-only", "--ulimit", "nofile=64",
}
local EVERYTHING = { "-m", "64m", "--pids-limit", "32", "--net", "bridge", "-p", "8080:80" }
-- The processes that make the calls of a detached run: each fork counts its own.
local DETACHED = { [0] = "command", "supervisor", "container" }
local FRONT = { [0] = "command", "container" }
-- Of a range of calls that another walk takes one by one, every n-th is walked.
local SAMPLE = 10
-- On an emulated machine all takes longer, as the time limit of a test says (tests/soak/qemu).
local SLOW = math.max(1, (tonumber(os.getenv("TINYLUA_TEST_TIMEOUT")) or 0) / 1200)

-- The commands' output goes to files: a supervisor that survives would keep a pipe open.
local function tinylua(words, fault)
  local child <close> = tiny.fork(function()
    local out = tiny.open("/tmp/output", { write = true, create = true, truncate = true })
    local null = tiny.open("/dev/null")
    tiny.dup2(null, 0)
    for number = 1, 2 do tiny.dup2(out, number) end
    local env = { PATH = os.getenv("PATH"), HOME = "/tmp", TINYLUA_FAULT = fault }
    tiny.exec { env = env, "/proc/self/exe", "--root", check.root, table.unpack(words) }
  end)
  local status = child:wait(20 * SLOW)
  if not status then return nil, "it hangs" end
  return status, tiny.read_file("/tmp/output") or ""
end

-- A command without a fault; problems with its result are added to `problems`.
local function must(problems, ...)
  local status, text = tinylua { ... }
  if status ~= 0 then table.insert(problems, ("%s: %s %s"):format(table.concat({ ... }, " "), status, text)) end
  return text
end

-- Waits for the end of everything that gc recovered, then runs gc again: nothing is left. Shared results of a first run
-- (the network, the compiled filter) are removed too, so that each point starts with an empty store.
local function clear(walk, problems)
  for _, id in ipairs(tiny.list_dir(check.root .. "/containers") or {}) do must(problems, "rm", "-f", id) end
  leftovers.settle(walk.before)
  must(problems, "gc")
  walk.left = leftovers.beyond(walk.before)
  for _, name in ipairs(tiny.list_dir(check.root) or {}) do tiny.remove(check.root .. "/" .. name, { recursive = true }) end
end

local KNOWN = { created = true, running = true, exited = true, stopped = true }

local function state_of(id)
  return tiny.json_decode(tiny.read_file(check.root .. "/containers/" .. id .. "/state.json") or "") or {}
end

-- A running container has its process, can be entered, and has a supervisor. If it is just ending, its supervisor has a
-- moment to record that. Returns its state.
local function check_running(id, problems)
  local now = state_of(id)
  local supervisor <close> = now.supervisor and tiny.pidfd_open(now.supervisor.pid, { start_time = now.supervisor.start })
  local status, text = tinylua { "exec", id, "true" }
  if status == 0 then
    -- It may have been starting before.
    now = state_of(id)
    local lives <close> = now.supervisor and tiny.pidfd_open(now.supervisor.pid, { start_time = now.supervisor.start })
    if not lives then table.insert(problems, "it runs without a supervisor") end
    return now
  end
  if supervisor and text:match("has just ended") then tiny.poll({ supervisor }, 5 * SLOW) end
  now = state_of(id)
  if now.status == "running" then table.insert(problems, "it is said to run: exec: " .. text) end
  return now
end

-- Problems with the recorded containers: a running one must be alive, and of one that is not running, only the record
-- may exist. Returns them as listed by ps.
local function check_containers(problems)
  local text = must(problems, "ps", "-a", "--format", "json")
  local listed = tiny.json_decode(text)
  if not listed then table.insert(problems, "ps: " .. text) end
  for _, c in ipairs(listed or {}) do
    -- A start whose command was killed continues in the supervisor: exec waits for its result.
    local lives = c.status == "running" or c.status == "starting"
    local now = lives and check_running(c.id, problems) or state_of(c.id)
    local journal = tiny.stat(check.root .. "/containers/" .. c.id .. "/undo.jsonl")
    if now.status ~= "running" and (journal or now.pid or now.supervisor) then
      table.insert(problems, ("%s has traces of a run"):format(now.status))
    end
    -- A container with --rm may be gone by now.
    c.status = now.status or c.status == "running" and not tiny.stat(check.root .. "/containers/" .. c.id) and "exited" or c.status
    if c.damage or not KNOWN[c.status] then table.insert(problems, ("state %s: %s"):format(c.status, c.damage or "not to be")) end
  end
  return listed or {}
end

local function told(place, op, status, problems, text)
  return ("%s %s (status %s): %s\n    %s"):format(place, op, status, table.concat(problems, ", "), text)
end

-- Whether gc has a record to work from.
local function on_record(left)
  for _, what in ipairs(left) do
    if what:find(check.root .. "/containers/", 1, true) then return true end
  end
  return false
end

-- A detached command may end before its supervisor reaches the call.
local function await_strike(patience)
  local limit = tiny.clock("monotonic") + patience
  while tiny.read_file(WITNESS) == "" and tiny.clock("monotonic") < limit do tiny.poll({}, "5ms") end
end

-- A fault at one call; `certain`: the call exists. Returns the affected primitive, or nil if there are fewer calls.
local function one(walk, generation, call, certain)
  local problems = {}
  for _, words in ipairs(walk.prepare or {}) do must(problems, table.unpack(words)) end
  local place = ("%s %s call %d"):format(walk.kind, walk.who[generation], call)
  local status, text = tinylua(walk.words, ("%d:%s:%d:%s"):format(call, walk.kind, generation, WITNESS))
  await_strike((certain and 5 or 0.5) * SLOW)
  local op = tiny.read_file(WITNESS)
  if not status then table.insert(problems, "hangs") end
  if walk.tidy and status ~= 0 and walk.kind == "fail" then
    leftovers.settle()
    local left = leftovers.beyond(walk.before, true)
    if #left > 0 and not (walk.tidy == "recorded" and on_record(left)) then table.insert(walk.untidy, told(place, op, status, left, text)) end
  end
  must(problems, "gc")
  op = op ~= "" and op or tiny.read_file(WITNESS)
  if walk.after then walk.after(problems, check_containers(problems)) end
  clear(walk, problems)
  for _, what in ipairs(walk.left) do table.insert(problems, what) end
  if #problems > 0 then table.insert(walk.leaks, told(place, op, status, problems, text)) end
  walk.before = leftovers.look()
  return op ~= "" and op or nil
end

-- The calls of a command without a fault, by generation.
local function calls_of(walk)
  local problems = {}
  for _, words in ipairs(walk.prepare or {}) do must(problems, table.unpack(words)) end
  local calls = call_trace.parse(must(problems, "--trace=json", table.unpack(walk.words)))
  clear(walk, problems)
  check.equal(table.concat(problems, ", "), "", "without a fault")
  return calls
end

-- The calls of a generation that are walked, as a list of their numbers. A kill after a call is the same as a kill
-- before the next one, which is walked too, because the library changes nothing between two calls. So only calls that
-- start another process, and calls without a successor, are walked. Of consecutive calls that the other walk makes too,
-- only the first, the last and some between are walked.
local function chosen(walk, own, other)
  local same = other and call_trace.same(own, other) or {}
  local list = {}
  for number, call in ipairs(own) do
    local within = same[number] and same[number - 1] and same[number + 1]
    local last = number == #own and not call:match("^exec ")
    local begins = call:match("^fork ") or call:match("^clone ")
    if walk.kind == "kill-after" and (begins or last) or walk.kind ~= "kill-after" and (not within or number % SAMPLE == 0) then
      table.insert(list, number)
    end
  end
  return list
end

-- The calls of the other walk for comparison: of the same generation, or all of several generations that are one here.
local function counterpart(walk, generation, other)
  local calls = {}
  for _, theirs in ipairs(walk.like and walk.like[generation] or {}) do table.move(other[theirs], 1, #other[theirs], #calls + 1, calls) end
  return #calls > 0 and calls or nil
end

-- Walks the calls that walk.words makes in these generations, with a fault of walk.kind at each, and fails if anything
-- leaks. Fields of a walk: least: the minimum number of calls; prepare: the commands before each point; tidy: a command
-- that fails leaves nothing, even before gc, or with "recorded" nothing that is not recorded; like: by generation,
-- those of `other`, another walk, that make the same calls; after(problems, containers): additional conditions after
-- gc.
local function every_point(walk, generations, other)
  if tiny.probe().network.nftables == false then check.skip("this kernel has no nftables for the walk's bridge network") end
  walk.before, walk.leaks, walk.untidy = leftovers.look(), {}, {}
  local known = calls_of(walk)
  local theirs = walk.like and calls_of { words = other.words, before = walk.before }
  local points, there = 0, 0
  for _, generation in ipairs(generations) do
    local own = known[generation] or {}
    there = there + #own
    for _, call in ipairs(chosen(walk, own, theirs and counterpart(walk, generation, theirs))) do
      if one(walk, generation, call, true) then points = points + 1 end
    end
    -- Calls that a supervisor makes after it has detached are not in the trace.
    local call = #own + 1
    while call < 2000 and one(walk, generation, call) do call = call + 1 end
    points = points + call - #own - 1
  end
  print(("%s %s: %d leaks after gc, %d left something before gc"):format(walk.words[1], walk.kind, #walk.leaks, #walk.untidy))
  print(("calls: %d"):format(there))
  -- The suite adds these up.
  print("fault points walked: " .. points)
  for _, text in ipairs(walk.untidy) do io.stderr:write("before gc: ", text, "\n") end
  for _, text in ipairs(walk.leaks) do io.stderr:write("leak: ", text, "\n") end
  assert(#walk.leaks + #walk.untidy == 0, "something is left")
  assert(there >= walk.least, "the walk ended early")
end

local function words(...)
  local all = {}
  for _, list in ipairs { ... } do table.move(list, 1, #list, #all + 1, all) end
  return all
end

local RUNNING = words({ "run", "-d", "--name", "c" }, EVERYTHING, { "sleep", "1000" })

local function anything() end

local function stays(problems, containers)
  if #containers ~= 1 then table.insert(problems, "it is not on record any more") end
end

local function unharmed(problems, containers)
  if not containers[1] or containers[1].status ~= "running" then table.insert(problems, "it does not run any more") end
end

-- A root file system with a directory that gives a volume its first content: files, a directory and a hard link.
local ROOTFS, CONTENT = "/tmp/walked-root", "/srv\n/srv/a\n/srv/a/two\n/srv/b\n/srv/b/three\n/srv/one\none\n"
local LISTING = { "/bin/busybox", "sh", "-c", "/bin/busybox find /srv | /bin/busybox sort; /bin/busybox cat /srv/a/two" }
local MOUNTED = { "--rootfs", ROOTFS, "-v", "data:/srv", "-v", "/anonymous" }

local function make_rootfs()
  for _, name in ipairs { "bin", "srv/a", "srv/b" } do tiny.mkdir(ROOTFS .. "/" .. name, { parents = true }) end
  tiny.copy_tree("/bin/busybox", ROOTFS .. "/bin/busybox", { follow = true })
  tiny.write_file(ROOTFS .. "/srv/one", "one\n")
  tiny.write_file(ROOTFS .. "/srv/b/three", "three\n")
  assert(os.execute(("ln %s/srv/one %s/srv/a/two"):format(ROOTFS, ROOTFS)))
end

-- Only volumes that exist completely are left, and anonymous ones only with their container. The next container finds the whole
-- first content.
local function whole_volumes(problems, containers)
  for _, name in ipairs(tiny.list_dir(check.root .. "/volumes") or {}) do
    if name ~= ".lock" and (name:sub(1, 1) == "." or tiny.stat(check.root .. "/volumes/" .. name .. "/copy")) then table.insert(problems, "partial volume " .. name) end
    if #name == 64 and #containers == 0 then table.insert(problems, "anonymous volume " .. name) end
  end
  local text = must(problems, "run", "--rm", table.unpack(words(MOUNTED, LISTING)))
  if text ~= CONTENT then table.insert(problems, "first content: " .. text) end
end

-- The walks; outside and inside: the generations on either side of the container's boundary.
local WALKS = {
  -- A detached run with all features: the command cleans up by itself, and if that failed, gc does.
  run = { who = DETACHED, outside = { 0, 1 }, inside = { 2 }, tidy = true, least = 90, words = words({ "run", "-d" }, EVERYTHING, { "sleep", "1000" }) },
  -- The same with an init, a parent cgroup from the user, mounts and ulimits.
  options = { who = DETACHED, outside = { 1 }, fail = { 1, 2 }, tidy = true, least = 90, words = words({ "run", "-d" }, OPTIONS, { "sleep", "1000" }) },
  -- With egress rules: the keeper is of the generation of the container.
  egress = { who = DETACHED, outside = { 1 }, inside = { 2 }, tidy = true, least = 60, like = { { 1 }, { 2 } }, words = words({ "run", "-d" }, EGRESS, { "sleep", "1000" }) },
  -- A foreground run with --rm. If a call fails after the container has started, the next command cleans up.
  front = { who = FRONT, outside = { 0 }, inside = { 1 }, tidy = "recorded", least = 90, words = words({ "run", "--rm" }, EVERYTHING, { "true" }), after = anything,
    like = { [0] = { 0, 1 }, { 2 } } },
  -- The start of a recorded container: afterwards it is either running or stopped, completely.
  start = { who = DETACHED, outside = { 0, 1 }, inside = { 2 }, least = 90, words = { "start", "c" }, after = stays,
    prepare = { words({ "create", "--name", "c" }, EVERYTHING, { "sleep", "1000" }) }, like = { [0] = { 0 }, { 1 }, { 2 } } },
  -- A program in a running container, which is not affected.
  exec = { who = FRONT, outside = { 0, 1 }, least = 20, words = { "exec", "c", "true" }, prepare = { RUNNING }, after = unharmed },
  -- The stop of a running container whose program ignores signals: it is either running or stopped, completely.
  stop = { who = FRONT, outside = { 0 }, least = 20, words = { "stop", "-t", "0", "c" }, prepare = { RUNNING }, after = stays },
  -- The removal of a running container: it either exists completely or is gone.
  remove = { who = FRONT, outside = { 0 }, least = 20, words = { "rm", "-f", "c" }, prepare = { RUNNING }, after = anything },
  -- A run that creates a named and an anonymous volume, and gives the named one its first content.
  volumes = { who = FRONT, outside = { 0 }, inside = { 1 }, least = 60, setup = make_rootfs, after = whole_volumes, like = { [0] = { 0, 1 }, { 2 } },
    words = words({ "run", "--rm" }, MOUNTED, { "/bin/busybox", "true" }) },
  -- The removal of a container with its anonymous volume.
  volumes_remove = { who = FRONT, outside = { 0 }, least = 20, setup = make_rootfs, after = whole_volumes, words = { "rm", "-v", "c" },
    prepare = { words({ "create", "--name", "c" }, MOUNTED, { "/bin/busybox", "true" }) } },
  volume_rm = { who = FRONT, outside = { 0 }, least = 5, setup = make_rootfs, after = whole_volumes, words = { "volume", "rm", "data" },
    prepare = { { "volume", "create", "data" } } },
}

-- Runs a walk by its name, with faults of this kind, inside the new container or outside.
function faults.walk(name, kind, inside)
  local walk = WALKS[name]
  walk.kind = kind
  if walk.setup then walk.setup() end
  every_point(walk, inside and walk.inside or walk[kind] or walk.outside, WALKS.run)
end

return faults
