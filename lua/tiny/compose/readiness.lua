-- Waits until a container of a topology is ready: an open port, a line in its log, its health, its exit, or the recipe's own
-- function. It waits for events where the kernel reports them; a port in another namespace and a function are polled, with
-- growing intervals.
local state = require "tiny.state"

local FIRST, RAREST = 0.01, 0.25

local tests = {}

function tests.port(container, port)
  local entry = container.state.networks and container.state.networks[1]
  if not entry then tiny.fail { message = ("%s: ready: the container has no address to connect to"):format(container.config.name), hint = "give it a network, or use another condition: log, health, exit, a function" } end
  local stream = tiny.try(tiny.tcp_connect, ("%s:%d"):format(entry.addr, port), { timeout = "250ms" })
  if stream then stream:close() end
  return stream ~= nil
end

-- `wait` records how far the log was read, so that new lines are checked at once.
function tests.log(container, pattern, wait)
  local path = container.dir .. "/container.log"
  wait.log = wait.log or tiny.stat(path) and require("tiny.store.logfile").new(path)
  if not wait.log then return false end
  wait.log:forward(function(line)
    local entry = not wait.seen and tiny.json_decode(line)
    wait.seen = wait.seen or (type(entry) == "table" and tostring(entry.text or ""):find(pattern) ~= nil)
  end)
  return wait.seen
end

function tests.health(container, wanted)
  return (container.state.health == "healthy") == wanted
end

-- The argument of a recipe's function.
local function seen(container)
  local entry = container.state.networks and container.state.networks[1] or {}
  return { id = container.id, name = container.config.name, addr = entry.addr, addr6 = entry.addr6, state = container.state, dir = container.dir }
end

local function holds(ready, container, wait)
  if type(ready) == "function" then return (ready(seen(container))) end
  for key, value in pairs(ready) do
    if key ~= "exit" and not tests[key](container, value, wait) then return false end
  end
  return true
end

-- Whether it has exited, and as expected.
local function ended(container, ready, name)
  if state.busy(container) then return false end
  local status = container.state.exit_code
  if type(ready) == "table" and ready.exit == status then return true end
  tiny.fail {
    message = ("%s exited with status %s before it was ready"):format(name, status or "unknown"), exit = 125,
    hint = "tinylua logs " .. name,
  }
end

-- Waits until the container is ready; fails after `patience` seconds, or when it exits before.
return function(id, name, ready, patience)
  if ready == nil then return end
  local began, pause, wait = tiny.clock("monotonic"), FIRST, {}
  local folder = assert(state.load(id), name).dir
  local watch <close> = tiny.watch { folder }
  while true do
    local container = state.load(id)
    if not container then tiny.fail { message = ("%s was removed before it was ready"):format(name) } end
    container = state.settled(container) or container
    if ended(container, ready, name) then return end
    local only_end = type(ready) == "table" and ready.exit
    if not only_end and holds(ready, container, wait) then return end
    local left = began + patience - tiny.clock("monotonic")
    if left <= 0 then
      tiny.fail { message = ("%s was not ready within %g s"):format(name, patience), hint = ("tinylua logs %s; ready_timeout sets a longer time"):format(name), exit = 125 }
    end
    -- A change in its directory (its log, its state) wakes us; other conditions are polled.
    local event_driven = type(ready) == "table" and not ready.port
    tiny.poll({ watch }, math.min(left, event_driven and left or pause))
    watch:changes()
    pause = math.min(pause * 2, RAREST)
  end
end
