-- A run with egress rules as an unprivileged user, with a fault at each of its calls: the call fails, or its process is killed
-- before it. After gc there is no container, no process and no file of a run.
local check = require "check"
local ordinary = require "ordinary"

ordinary.make()
ordinary.tun()
tiny.veth_pair({ name = "up0", addr = { "192.0.2.1/24", "2001:db8:1::1/64" }, nodad = true, gateway = { "192.0.2.2", "2001:db8:1::2" } }, { name = "up1" }):keep()
local WITNESS = ordinary.home .. "/fault"

-- The processes that are left: tinylua's and the programs'.
local function left()
  local found = {}
  for _, pid in ipairs(tiny.list_dir("/proc")) do
    local words = pid:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. pid .. "/cmdline") or ""
    if words:find("^tinylua: %l+ of") or words:find("/network.", 1, true) then table.insert(found, (words:gsub("%z", " "))) end
  end
  for _, name in ipairs(tiny.list_dir(check.root .. "/run") or {}) do table.insert(found, "run/" .. name) end
  return found
end

local function run(network, fault)
  local out = tiny.open("/tmp/output", { write = true, create = true, truncate = true })
  local child <close> = check.start(function()
    for number = 1, 2 do tiny.dup2(out, number) end
    local env = { TINYLUA_FAULT = fault }
    for key, value in pairs(check.environment) do env[key] = value end
    tiny.exec { env = env, "/proc/self/exe", "--root", check.root, "run", "--rm", "--network", network, "--egress", "none", "true" }
  end)
  out:close()
  return child:wait("30s"), tiny.read_file("/tmp/output")
end

-- Waits until the processes have ended that end by themselves.
local function settled()
  local limit = tiny.clock("monotonic") + 3
  while left()[1] and tiny.clock("monotonic") < limit do tiny.poll({}, "20ms") end
  return left()
end

-- Every few calls of the command and its supervisor (0), and of the router, the keeper and the container (1).
local STRIDE = { pasta = { [0] = 11, 23 }, slirp4netns = { [0] = 41, 83 } }
local problems, points = {}, 0

local function point(network, kind, generation, call)
  tiny.try(tiny.remove, WITNESS)
  local status, text = run(network, ("%d:%s:%d:%s"):format(call, kind, generation, WITNESS))
  local op = tiny.try(tiny.read_file, WITNESS) or ""
  if op == "" then return false end
  points = points + 1
  check.succeeds("gc")
  -- A process that could not be killed lives on.
  if not status or op ~= "kill" and settled()[1] then
    table.insert(problems, ("%s %s generation %d call %d %s: %s, left: %s\n%s"):format(network, kind, generation, call, op, status or "hangs", table.concat(left(), ", "), text))
  end
  return true
end

for network, strides in pairs(STRIDE) do
  for _, kind in ipairs { "fail", "kill-before" } do
    for generation = 0, 1 do
      local misses, call = 0, strides[generation] // 2
      while misses < 3 do
        misses = point(network, kind, generation, call) and 0 or misses + 1
        call = call + strides[generation]
      end
    end
  end
end
check.equal(table.concat(problems, "\n"), "", "problems")
assert(points > 60, points .. " points")
