-- Walks a command's life call by call, with a fault at each (src/vm/fault.rs), and looks afterwards
-- whether the kernel and the store are as they were before.
local check = require "check"

local faults = {}

local WITNESS = "/tmp/fault"
-- The options of another walk than the usual one.
faults.options = {
  "--init", "--cgroup-parent", "walked/inner", "-v", "/etc:/srv:ro", "--tmpfs", "/t", "--read-only", "--ulimit", "nofile=64",
}
-- Who makes the calls of a detached run: each fork counts its own.
local GENERATIONS = { [0] = "command", "supervisor", "container" }

-- The commands' output goes to files: a supervisor that was killed would hold a pipe open.
local function tinylua(words, fault)
  local child <close> = tiny.fork(function()
    local out = tiny.open("/tmp/output", { write = true, create = true, truncate = true })
    local null = tiny.open("/dev/null")
    tiny.dup2(null, 0)
    for number = 1, 2 do tiny.dup2(out, number) end
    local env = { PATH = os.getenv("PATH"), HOME = "/tmp", TINYLUA_FAULT = fault }
    tiny.exec { env = env, "/proc/self/exe", "--root", check.root, table.unpack(words) }
  end)
  local status = child:wait("20s")
  if not status then return nil, "it hangs" end
  return status, tiny.read_file("/tmp/output") or ""
end

local function listed(folder)
  local found = {}
  for _, name in ipairs(tiny.list_dir(folder) or {}) do found[folder .. "/" .. name] = true end
  return found
end

local function cgroups(found)
  for _, hierarchy in ipairs { "", "/memory", "/pids", "/unified", "/freezer" } do
    local parent = "/sys/fs/cgroup" .. hierarchy .. "/tinylua"
    if tiny.stat(parent) then found["shared cgroup " .. parent] = true end
    for _, name in ipairs(tiny.list_dir(parent) or {}) do
      if name:match("^%x+$") then found["cgroup " .. parent .. "/" .. name] = true end
    end
    local other = "/sys/fs/cgroup" .. hierarchy .. "/walked"
    if tiny.stat(other) then found["cgroup " .. other] = true end
  end
end

-- Waits for the processes of tinylua that are ending, a second at most.
local function settle()
  for _, name in ipairs(tiny.list_dir("/proc")) do
    local pid = name:match("^%d+$") and tonumber(name)
    local stat = pid and pid ~= tiny.getpid() and tiny.try(tiny.read_file, "/proc/" .. name .. "/stat")
    local process = stat and stat:match("%(exe%) [^ZX]") and tiny.pidfd_open(pid)
    if process then
      tiny.poll({ process }, "1s")
      process:close()
    end
  end
end

-- Whether the bridge's rules are there: the kernel then refuses to make them.
local function nat_there()
  local made, err = tiny.try(tiny.nat, { from = "10.10.0.0/24", name = "td0" })
  if made then made:close() end
  return err and err.code == "EEXIST"
end

-- What there is on this host that a container could leave, each as one word or sentence.
function faults.look()
  local found = {}
  for _, link in ipairs(tiny.links()) do found["link " .. link.name] = true end
  for _, mount in ipairs(tiny.mounts()) do found["mount " .. mount.target] = true end
  for _, folder in ipairs { "/containers", "/names", "/run" } do
    for path in pairs(listed(check.root .. folder)) do found[path] = true end
  end
  for path in pairs(listed(check.root .. "/network/td0")) do
    if not path:match("/%.lock$") then found[path] = true end
  end
  for _, name in ipairs(tiny.list_dir("/proc")) do
    -- This process and those that are ending are none of a container's.
    local stat = name:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. name .. "/stat")
    if stat and not stat:match("%) [ZX] ") then found["process " .. name .. " " .. stat:match("%b()")] = true end
  end
  cgroups(found)
  if nat_there() then found["nat rules"] = true end
  found["ip_forward " .. tiny.sysctl("net.ipv4.ip_forward")] = true
  return found
end

-- The cgroup above all containers' stays until gc, unless nothing may.
local function beyond(before, shared)
  local left = {}
  for what in pairs(faults.look()) do
    if not before[what] and not (shared and what:match("^shared")) then table.insert(left, what) end
  end
  table.sort(left)
  return left
end

-- gc, then the end of whatever it took over, then gc once more.
local function clear()
  local problems = {}
  local function must(...)
    local status, text = tinylua { ... }
    if status ~= 0 then table.insert(problems, ("%s: %s %s"):format(table.concat({ ... }, " "), status, text)) end
  end
  must "gc"
  for _, id in ipairs(tiny.list_dir(check.root .. "/containers") or {}) do must("rm", "-f", id) end
  settle()
  must "gc"
  return problems
end

-- Walks every call that `words` makes in the processes `generations`, with a fault of this kind at
-- each. Returns the number of points, what leaked after gc, and what a failure left before it.
function faults.walk(words, kind, generations, prepare)
  local points, leaks, untidy = 0, {}, {}
  for _, generation in ipairs(generations) do
    for call = 1, 2000 do
      if prepare then prepare() end
      local before = faults.before
      local status, text = tinylua(words, ("%d:%s:%d:%s"):format(call, kind, generation, WITNESS))
      local op = tiny.read_file(WITNESS)
      local place = ("%s %s call %d"):format(kind, GENERATIONS[generation], call)
      if not status then table.insert(leaks, place .. ": hangs") end
      if status ~= 0 and kind == "fail" then
        settle()
        local left = beyond(before, true)
        if #left > 0 then table.insert(untidy, ("%s %s (status %s): %s\n    %s"):format(place, op, status, table.concat(left, ", "), text)) end
      end
      local problems = clear()
      op = op ~= "" and op or tiny.read_file(WITNESS)
      for _, what in ipairs(beyond(before)) do table.insert(problems, what) end
      if #problems > 0 then table.insert(leaks, ("%s %s (status %s): %s\n    %s"):format(place, op, status, table.concat(problems, ", "), text)) end
      if (op or "") == "" then break end
      points = points + 1
      faults.before = faults.look()
    end
  end
  return points, leaks, untidy
end

-- A detached run with everything, walked with one kind of fault in these generations; fails when anything
-- is left. `words`: options to walk instead of the usual ones.
function faults.run(kind, generations, words)
  if tiny.probe().network.nftables == false then check.skip("this kernel has no nftables for the walk's bridge network") end
  faults.before = faults.look()
  words = { "run", "-d", table.unpack(words or { "-m", "64m", "--pids-limit", "32", "--net", "bridge" }) }
  for _, word in ipairs { "sleep", "1000" } do table.insert(words, word) end
  local points, leaks, untidy = faults.walk(words, kind, generations)
  print(("%s: %d points walked, %d leaks after gc, %d left something before gc"):format(kind, points, #leaks, #untidy))
  for _, text in ipairs(untidy) do io.stderr:write("before gc: ", text, "\n") end
  for _, text in ipairs(leaks) do io.stderr:write("leak: ", text, "\n") end
  assert(#leaks + #untidy == 0, "something is left")
  assert(points > 100, "the walk ended early")
end

return faults
