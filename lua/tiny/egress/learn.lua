-- Learning of egress rules: records what a container connects to and what its rules would have to allow, and writes that as a
-- policy (tiny.spec.policy).
local denials = require "tiny.egress.denials"
local policy = require "tiny.spec.policy"
local rules = require "tiny.egress.rules"
local sorted_keys = require "tiny.base.sorted_keys"

local Learner = {}
Learner.__index = Learner

local learn = {}

-- How many different targets are recorded: a container chooses them.
local MOST = 4096

function learn.new()
  return setmetatable({ targets = {}, count = 0 }, Learner)
end

-- The rule for a target: its name if one led to the address; without a port, a name alone.
local function rule(found)
  local target = found.name or found.addr
  if target:find(":", 1, true) then target = "[" .. target .. "]" end
  if not found.port then return target end
  return ("%s:%d%s"):format(target, found.port, found.protocol == "udp" and "/udp" or "")
end

-- Records a connection or denial: { name, addr, port, protocol }.
function Learner:add(found)
  if not (found.name or found.addr and found.port) or self.count >= MOST then return end
  local text = rule(found)
  -- Some addresses, and protocols without ports, are never allowed.
  if self.targets[text] or not tiny.try(rules.parse, { text }) then return end
  self.targets[text], self.count = true, self.count + 1
end

-- What was denied in this run: calls that nobody was asked about, such as those of io_uring, and names.
local function denied(self, ctx)
  local since = tiny.parse_timestamp(ctx.record.state.started_at or "") or tiny.clock()
  require "tiny.store.event_reader"({ since = since }, function(event)
    local known = event.event == "deny" and event.id == ctx.id and event.attributes
    if known and (known.by ~= "connect" or known.reason == denials.NO_RULE) then self:add(known) end
  end)
end

-- Writes what was learned to the file, together with what was learned of system calls if that goes to the same file; returns
-- whether it did the latter.
function Learner:write(ctx)
  denied(self, ctx)
  local file, calls = ctx.spec.egress_learn, ctx.learner
  local both = calls and calls.file == file
  local learned = both and calls or { ctx = ctx }
  learned.egress = sorted_keys(self.targets)
  if both then calls:write() else policy.write(file, learned) end
  return both
end

return learn
