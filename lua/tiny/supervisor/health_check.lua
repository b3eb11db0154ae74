-- Runs a container's health checks: a program that joins the container periodically, like exec. The supervisor never blocks on
-- it: its output and its end are events, and it has a timeout.
local events = require "tiny.store.events"
local state = require "tiny.store.state"

local Check = {}
Check.__index = Check

local KEPT, LONGEST = 5, 4096
local PRIVATE_FILE = tonumber("600", 8)

local function path_of(container)
  return container.dir .. "/health.json"
end

-- The recorded state of a container's checks: status, failing_streak and log; nil if there is none.
function Check.on_record(container)
  local text = tiny.read_file(path_of(container))
  return text and tiny.json_decode(text) or nil
end

-- Starts the checks of the container of `ctx`. told(status, result) is called when the status changes.
function Check.start(ctx, loop, told)
  local self = setmetatable({ ctx = ctx, loop = loop, told = told, how = ctx.spec.health }, Check)
  local before = ctx.recovered and Check.on_record(ctx) or {}
  self.status, self.streak, self.log = before.status or "starting", before.failing_streak or 0, before.log or {}
  self.born = tiny.parse_timestamp(ctx.record.state.started_at or "") or tiny.clock()
  if not ctx.recovered then tiny.try(tiny.remove, path_of(ctx)) end
  self:later()
  return self
end

-- Whether the container is still in its start period, in which failures do not count.
local function is_early(self)
  return self.status == "starting" and tiny.clock() - self.born < self.how.start_period
end

function Check:later()
  local seconds = is_early(self) and self.how.start_interval or self.how.interval
  self.loop:after(seconds, function() self:begin() end)
end

local function frozen(ctx)
  local stats = ctx.cgroup and tiny.try(tiny.cgroup_stats, ctx.cgroup)
  return stats and stats.frozen
end

-- The options of the joining process. `living` ends with the supervisor, and the process then ends too: by the poll of the pipe
-- if that happens before the death signal is set.
local function joining(self, into, living, life)
  return {
    command = self.how.command, stdio = { into, into },
    first = function()
      -- The lock shows whether the supervisor lives.
      self.ctx.record.alive:close()
      life:close()
    end,
    last = function()
      tiny.set_parent_death_signal("SIGKILL")
      if #tiny.poll({ living }, 0) > 0 then tiny.fail("the supervisor has ended") end
    end,
  }
end

-- Starts a check. A paused container is not checked.
function Check:begin()
  if frozen(self.ctx) then return self:later() end
  self.result, self.output = { started_at = tiny.timestamp() }, ""
  -- The program can open its end for reading, and take data that had just arrived.
  local out, into = tiny.pipe { nonblock = "read" }
  local living, life = tiny.pipe()
  local options = joining(self, into, living, life)
  local child, err = tiny.try(require "tiny.pipeline.join", self.ctx.process, self.ctx.cgroup, self.ctx.record.config, options)
  into:close()
  living:close()
  if not child then
    out:close()
    life:close()
    return self:finish(nil, err)
  end
  self.child, self.out, self.life = child, out, life
  self.loop:on(out, function() self:read() end)
  self.loop:on(child, function() self:ended() end)
  self:limit()
end

-- Kills the check and its process group after the timeout. A frozen container gets another timeout.
function Check:limit()
  self.timer = self.loop:after(self.how.timeout, function()
    if frozen(self.ctx) then return self:limit() end
    self.overdue = true
    tiny.try(tiny.kill, self.child, "SIGKILL", { group = true })
  end)
end

-- Reads the check's output; returns whether there may be more.
function Check:read()
  local bytes = tiny.try(self.out.read, self.out, "16k")
  if not bytes then
    if bytes == nil then self.loop:off(self.out) end
    return false
  end
  self.output = (self.output .. bytes):sub(1, LONGEST)
  return true
end

-- The process has ended. Its descendants may still write to the pipe; they are not waited for.
function Check:ended()
  for _ = 1, 8 do
    if #tiny.poll({ self.out }, 0) == 0 or not self:read() then break end
  end
  local status, err = tiny.try(self.child.wait, self.child)
  self:release()
  if self.overdue then
    status, err = nil, ("it did not end within %g seconds"):format(self.how.timeout)
  elseif status then
    err = nil
  end
  self.overdue = nil
  self:finish(status, err)
end

function Check:release()
  self.loop:cancel(self.timer)
  self.loop:off(self.out)
  self.loop:off(self.child)
  for _, handle in ipairs { self.out, self.life, self.child } do tiny.try(handle.close, handle) end
  self.child = nil
end

-- The status after a result.
local function judged(self, healthy)
  self.streak = healthy and 0 or self.streak + 1
  if healthy then return "healthy" end
  if is_early(self) then self.streak = 0 end
  return self.streak >= self.how.retries and "unhealthy" or self.status
end

-- Records a result, reports a changed status, and schedules the next check.
function Check:finish(status, err)
  local result = self.result
  result.finished_at, result.exit_code, result.error = tiny.timestamp(), status, err and tostring(err)
  result.output = utf8.len(self.output) and self.output or tiny.show(self.output)
  table.insert(self.log, result)
  while #self.log > KEPT do table.remove(self.log, 1) end
  local before = self.status
  self.status = judged(self, status == 0)
  local record = { status = self.status, failing_streak = self.streak, log = self.log }
  tiny.try(tiny.write_file, path_of(self.ctx), tiny.json_encode(record) .. "\n", { mode = PRIVATE_FILE })
  if self.status ~= before then
    tiny.try(state.update, self.ctx.record, function(s) s.health = self.status end)
    events.emit(self.ctx.record, "health_status", { health = self.status })
    self.told(self.status, result)
  end
  self:later()
end

-- The container has ended: kills a running check.
function Check:close()
  if not self.child then return end
  tiny.try(tiny.kill, self.child, "SIGKILL", { group = true })
  self:release()
end

return Check
