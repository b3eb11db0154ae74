-- The limit of a container's output: both streams together, in one run. What exceeds it is neither logged nor shown.
local events = require "tiny.store.events"
local run_bounds = require "tiny.spec.run_bounds"
local state = require "tiny.store.state"

local Limit = {}
Limit.__index = Limit

-- The limit of a container whose output has just been opened. The record has the position in its output at which the run
-- began, so that a later supervisor continues to count; without a log, it begins again.
function Limit.open(ctx)
  local bytes, action = run_bounds.output(ctx.spec.max_output)
  local at, begin = ctx.pump.taken or 0, ctx.record.state.output_start
  if not ctx.recovered then
    begin = at
    state.update(ctx.record, function(s) s.output_start = at end)
  end
  local used = math.max(at - (begin or at), 0)
  return setmetatable({ ctx = ctx, left = math.max(bytes - used, 0), action = action, seen = 0, hit = ctx.recovered and ctx.record.state.truncated }, Limit)
end

function Limit:count(bytes)
  self.left, self.seen = self.left - bytes, self.seen + bytes
end

-- Discards a stream's output after the limit; the first byte of it counts as exceeding.
function Limit:discard(stream)
  local _, _, count = self.ctx.pump:drop(stream, { excess = true })
  self.seen = self.seen + count
  if count == 0 or self.hit then return end
  self.hit = true
  if self.action == "end" then return require("tiny.supervisor.run_limits").cut_off(self.ctx, "max_output") end
  tiny.try(state.update, self.ctx.record, function(s) s.truncated = true end)
  events.emit(self.ctx.record, "output_limit", { limit = "max_output", truncated = true })
end

return Limit
