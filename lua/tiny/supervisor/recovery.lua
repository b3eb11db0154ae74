-- Recovery after a crash: recovers containers without a supervisor, records the end of dead ones, and removes incomplete
-- ones. Every command that reads containers does this for those it reads.
local cleanup = require "tiny.supervisor.cleanup"
local format = require "tiny.format"
local lifecycle = require "tiny.supervisor.lifecycle"
local scope = require "tiny.scope"
local state = require "tiny.store.state"

local recovery = {}

-- Undoes a dead container's set-up, and records that its end was not observed. Saves as much as possible of its last output to
-- the log. `process`: a handle of its PID 1, if the caller has one.
local function record_death(container, process)
  local used = require("tiny.supervisor.usage")
  local found = container.state.status == "running" and used.of(nil, used.stats(require("tiny.pipeline.limits").reopen(container))) or nil
  local failures, damage = cleanup.replay(container)
  table.move(damage, 1, #damage, #failures + 1, failures)
  if container.config.userns == "own" then tiny.try(require("tiny.net.rootless").stop, container) end
  for _, text in ipairs(failures) do format.note("%s: while cleaning up: %s", container.id, text) end
  -- An interrupted first start has left nothing to keep; an earlier record is kept.
  local fresh = container.state.status == "starting" and not container.state.again
  if fresh or container.half then
    local _, kept = tiny.try(cleanup.forget, container, { volumes = true })
    return kept and format.note("%s", tostring(kept))
  end
  local cut = container.state.status == "running" and require("tiny.supervisor.output").salvage(container)
  local status, signal
  if process then status, signal = tiny.process_exit_status(process) end
  local exceeded = container.state.status == "running" and container.state.exceeded or nil
  if exceeded then status, signal = require("tiny.supervisor.run_limits").verdict(exceeded) end
  lifecycle.ended(container, { status = status, signal = signal, oom = 0, log_cut = cut or nil, usage = found, exceeded = exceeded })
end

-- The lock of a container whose creator was killed: the child that waits for its "go" holds it slightly longer. Nil while the
-- container has a supervisor.
local function last_holder(id)
  while true do
    local now = state.load(id)
    local maker = now and now.state.status == "starting" and now.state.supervisor
    local living <close> = state.open_process(maker)
    -- A supervisor that outlives its creator soon records itself, and keeps the lock.
    if not maker or living then return nil end
    local alive = state.try_alive(now)
    if alive then return alive end
    local watch <close> = tiny.try(tiny.watch, { now.dir })
    if watch then tiny.poll({ watch }, "20ms") end
  end
end

-- Recovers a container without a supervisor, or records its end. The caller holds its lock.
local function take_over(container, process, again)
  local living = container.state.status == "running" and state.process(container)
  if tiny.settings.log then tiny.log("info", "the container has no supervisor", { container = container.config.name, id = container.id, status = container.state.status, living = living ~= nil and living ~= false }) end
  if not living then
    if container.half or state.busy(container) then record_death(container, process) end
    return
  end
  -- The new supervisor must not inherit this handle.
  living:close()
  if container.unreadable then return end
  local _, err = tiny.try(function()
    -- Each further attempt would time out again.
    local before = not again and container.state.unrecovered
    if before then tiny.fail { message = before, code = "ETIMEDOUT" } end
    lifecycle.recover(container)
  end)
  if not err then return end
  -- It may have ended without being reaped yet.
  local now <close> = state.process(container)
  if now and #tiny.poll({ now }, 0) == 0 then error(err, 0) end
  record_death(container, process or now)
end

-- Recovers a loaded container if necessary; returns its new state, or nil if it no longer exists. If the recovery fails, the
-- container runs without a supervisor and is returned with the reason in `damage`. `process`: a handle of its PID 1, from which
-- the exit status can be read. `again`: also retries a recovery that timed out before.
function recovery.look_after(container, process, again)
  -- If the record cannot be read, the container's setup and what is left of it are unknown.
  if not container.half and (container.unreadable or not state.busy(container)) then return container end
  local _, err = tiny.try(function()
    local alive = state.try_alive(container) or last_holder(container.id)
    if not alive then return end
    -- While this lock is held, no other process recovers the container; its state may have changed before that. A new supervisor
    -- inherits the lock.
    local held <close> = alive
    local now = state.load(container.id)
    if not now then return end
    now.alive = alive
    if now.half or not now.unreadable then take_over(now, process, again) end
  end)
  local now = tiny.try(state.load, container.id)
  if not now and not tiny.try(tiny.stat, container.dir) then return nil end
  now = now or container
  if err then now.damage = now.damage or "it cannot be recovered: " .. tostring(err):match("^[^\n]*") end
  return now
end

-- Removes the renamed folders of an interrupted removal.
local function half_removed(folder, cleared)
  for _, name in ipairs(tiny.list_dir(folder) or {}) do
    if name:match("^%.%x+%.gone$") then
      local _, err = tiny.try(state.remove_all, folder .. "/" .. name)
      -- Its remover may still be running.
      if not tiny.stat(folder .. "/" .. name) then
        table.insert(cleared, "partly removed directory " .. name)
      elseif err and err.code ~= "ENOENT" and err.code ~= "ENOTEMPTY" then
        format.note("%s/%s cannot be removed: %s", folder, name, tostring(err))
      end
    end
  end
end

-- Removes run folders and names without a container, and interrupted removals.
local function stray(data, run, known)
  local cleared = {}
  half_removed(data .. "/containers", cleared)
  half_removed(run, cleared)
  for _, id in ipairs(tiny.list_dir(run) or {}) do
    if #id == 12 and not known[id] then
      local alive = tiny.try(tiny.flock, run .. "/" .. id .. "/alive", { wait = false })
      if alive then
        tiny.try(tiny.remove, run .. "/" .. id, { recursive = true })
        table.insert(cleared, "run directory " .. id)
        alive:close()
      end
    end
  end
  for _, name in ipairs(tiny.list_dir(data .. "/names") or {}) do
    local id = tiny.try(tiny.read_file, data .. "/names/" .. name) or ""
    if not known[id] and not (id:find("^%x+$") and tiny.stat(data .. "/containers/" .. id)) then
      tiny.try(tiny.remove, data .. "/names/" .. name)
      table.insert(cleared, "name " .. name)
    end
  end
  return cleared
end

-- Retries failed clean-up steps of an ended container.
local function finish(container)
  local journal = container.dir .. "/undo.jsonl"
  if state.busy(container) or container.unreadable or not tiny.try(tiny.stat, journal) then return end
  local alive = tiny.try(state.try_alive, container)
  if not alive then return end
  local failures, damage = scope.replay(journal)
  for _, text in ipairs(table.move(damage, 1, #damage, #failures + 1, failures)) do format.note("%s: while cleaning up: %s", container.id, text) end
  alive:close()
end

local function again(container)
  return recovery.look_after(container, nil, true)
end

-- Recovers every container, and removes what belongs to none; returns what was removed.
function recovery.everything()
  local data, run = state.roots()
  local before, known = {}, {}
  for _, id in ipairs(tiny.list_dir(data .. "/containers") or {}) do
    if #id == 12 then before[id] = (state.load(id) or {}).state end
  end
  for _, container in ipairs(require("tiny.store.records").list(nil, again)) do
    known[container.id] = container.state.status
    if container.damage then format.note("%s: %s", container.id, container.damage) end
    finish(container)
  end
  local cleared = {}
  for id, was in pairs(before) do
    if not known[id] then table.insert(cleared, "incomplete container " .. id) end
    if known[id] and was and was.status ~= known[id] then table.insert(cleared, ("container %s: %s"):format(id, known[id])) end
  end
  for _, what in ipairs(stray(data, run, known)) do table.insert(cleared, what) end
  for _, what in ipairs(require("tiny.store.recipe_journal").sweep(scope.undo_one)) do table.insert(cleared, what) end
  for _, what in ipairs(require("tiny.store.volumes").sweep()) do table.insert(cleared, what) end
  tiny.try(require("tiny.network").sweep)
  tiny.try(require("tiny.network").release)
  tiny.try(require("tiny.pipeline.cgroup_parent").release)
  tiny.try(tiny.cgroup_del, "tinylua")
  return cleared
end

return recovery
