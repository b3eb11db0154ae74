-- What a crash left: containers without a supervisor are taken over, dead ones are recorded as such,
-- half-made ones are cleared. Every command that looks at containers does it for those it sees.
local cleanup = require "tiny.supervisor.cleanup"
local format = require "tiny.format"
local lifecycle = require "tiny.supervisor.lifecycle"
local scope = require "tiny.scope"
local state = require "tiny.store.state"

local recovery = {}

-- Both files are there from the making to the removal: without one of them it was cut short.
local function half(container)
  return container.damage and not (tiny.stat(container.dir .. "/config.json") and tiny.stat(container.dir .. "/state.json"))
end

-- Undoes what a dead container's set-up made, and records that nobody saw its end. Its output up to there
-- goes to the log as far as it is left. `process`: its PID 1, where somebody has held on to it.
local function bury(container, process)
  local failures = cleanup.replay(container)
  if container.config.userns == "own" then tiny.try(require("tiny.net.rootless").stop, container) end
  for _, text in ipairs(failures) do format.note("%s: while cleaning up: %s", container.id, text) end
  -- A first start that was cut short has made nothing; what was on record before is kept.
  local fresh = container.state.status == "starting" and not container.state.again
  if fresh or half(container) then
    local _, kept = tiny.try(cleanup.forget, container)
    return kept and format.note("%s", tostring(kept))
  end
  local cut = container.state.status == "running" and require("tiny.supervisor.output").salvage(container)
  local status, signal
  if process then status, signal = tiny.process_exit(process) end
  lifecycle.ended(container, { status = status, signal = signal, oom = 0, log_cut = cut or nil })
end

-- The lock of a container whose maker was killed: the child that waits for its "go" holds it a moment
-- longer. Nil while somebody looks after the container.
local function last_holder(id)
  while true do
    local now = state.load(id)
    local maker = now and now.state.status == "starting" and now.state.supervisor
    local living <close> = state.open_process(maker)
    -- A supervisor that its maker left behind is on record itself soon, and keeps the lock.
    if not maker or living then return nil end
    local alive = state.try_alive(now)
    if alive then return alive end
    local watch <close> = tiny.try(tiny.watch, { now.dir })
    if watch then tiny.poll({ watch }, "20ms") end
  end
end

-- Looks after one container as loaded; returns it as it is afterwards, or nil when it is gone. `process`: a handle of its
-- PID 1, which still tells how that ended.
function recovery.look_after(container, process)
  if not half(container) and not state.busy(container) then return container end
  local alive = state.try_alive(container) or last_holder(container.id)
  if not alive then return tiny.stat(container.dir) and container or nil end
  -- Nobody else looks after it as long as this lock is held; things may have changed before that.
  local now = state.load(container.id)
  if not now then return nil end
  now.alive = alive
  local living = now.state.status == "running" and state.process(now)
  if tiny.settings.log then tiny.log("info", "its supervisor is gone", { container = now.config.name, id = now.id, status = now.state.status, living = living ~= nil and living ~= false }) end
  if living then
    living:close()
    lifecycle.recover(now)
  elseif half(now) or state.busy(now) then
    bury(now, process)
  end
  -- A supervisor that took over holds the lock from here on.
  alive:close()
  return state.load(container.id)
end

-- What a removal that was cut short had taken out of sight already.
local function half_removed(folder, cleared)
  for _, name in ipairs(tiny.list_dir(folder) or {}) do
    if name:match("^%.%x+%.gone$") then
      local _, err = tiny.try(state.remove_all, folder .. "/" .. name)
      -- Who removes it may be at work.
      if not tiny.stat(folder .. "/" .. name) then
        table.insert(cleared, "half-removed folder " .. name)
      elseif err and err.code ~= "ENOENT" and err.code ~= "ENOTEMPTY" then
        format.note("%s/%s cannot be removed: %s", folder, name, tostring(err))
      end
    end
  end
end

-- Run folders and names whose container is gone, and networks without one.
local function stray(data, run, known)
  local cleared = {}
  half_removed(data .. "/containers", cleared)
  half_removed(run, cleared)
  for _, id in ipairs(tiny.list_dir(run) or {}) do
    if #id == 12 and not known[id] then
      local alive = tiny.flock(run .. "/" .. id .. "/alive", { wait = false })
      if alive then
        tiny.try(tiny.remove, run .. "/" .. id, { recursive = true })
        table.insert(cleared, "run folder " .. id)
        alive:close()
      end
    end
  end
  for _, name in ipairs(tiny.list_dir(data .. "/names") or {}) do
    local id = tiny.read_file(data .. "/names/" .. name) or ""
    if not known[id] and not tiny.stat(data .. "/containers/" .. id) then
      tiny.try(tiny.remove, data .. "/names/" .. name)
      table.insert(cleared, "name " .. name)
    end
  end
  return cleared
end

-- Clears what an ended container still has because a step of its clean-up failed.
local function finish(container)
  local journal = container.dir .. "/undo.jsonl"
  if state.busy(container) or not tiny.stat(journal) then return end
  local alive = state.try_alive(container)
  if not alive then return end
  for _, text in ipairs(scope.replay(journal)) do format.note("%s: while cleaning up: %s", container.id, text) end
  alive:close()
end

-- Looks after every container, and clears what belongs to none; returns what was cleared.
function recovery.everything()
  local data, run = state.roots()
  local before, known = {}, {}
  for _, id in ipairs(tiny.list_dir(data .. "/containers") or {}) do
    if #id == 12 then before[id] = (state.load(id) or {}).state end
  end
  for _, container in ipairs(require("tiny.store.records").list(nil, recovery.look_after)) do
    known[container.id] = container.state.status
    finish(container)
  end
  local cleared = {}
  for id, was in pairs(before) do
    if not known[id] then table.insert(cleared, "half-made container " .. id) end
    if known[id] and was and was.status ~= known[id] then table.insert(cleared, ("container %s: %s"):format(id, known[id])) end
  end
  for _, what in ipairs(stray(data, run, known)) do table.insert(cleared, what) end
  tiny.try(require("tiny.network").sweep)
  tiny.try(require("tiny.network").release)
  tiny.try(require("tiny.pipeline.cgroup_parent").release)
  tiny.try(tiny.cgroup_del, "tinylua")
  return cleared
end

return recovery
