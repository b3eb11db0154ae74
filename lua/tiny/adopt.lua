-- What a crash left: containers without a supervisor are taken over, dead ones are recorded as such,
-- half-made ones are cleared. Every command that looks at containers does it for those it sees.
local format = require "tiny.format"
local scope = require "tiny.scope"
local state = require "tiny.state"

local adopt = {}

-- Undoes what a dead container's set-up made, and records that nobody saw its end.
local function bury(container)
  local manage = require "tiny.manage"
  local failures = scope.replay(container.dir .. "/undo.jsonl")
  tiny.try(require("tiny.network").release)
  for _, text in ipairs(failures) do format.note("%s: while cleaning up: %s", container.id, text) end
  if container.state.status == "starting" or container.damage then return state.forget(container) end
  manage.ended(container, { oom = 0 })
end

-- Looks after one container as loaded; returns it as it is afterwards, or nil when it is gone.
function adopt.look_after(container)
  local s = container.state
  if s.status ~= "running" and s.status ~= "starting" then return container end
  local alive = state.try_alive(container)
  if not alive then return container end
  -- Nobody else looks after it as long as this lock is held; things may have changed before that.
  local now = state.load(container.id)
  if not now then return nil end
  now.alive = alive
  local process = now.state.status == "running" and state.process(now)
  if process then
    process:close()
    require("tiny.manage").adopt(now)
  elseif now.state.status == "running" or now.state.status == "starting" then
    bury(now)
  end
  -- A supervisor that took over holds the lock from here on.
  alive:close()
  return state.load(container.id)
end

return adopt
