-- Decides on a container's connections where a list is not enough: calls the recipe's on_connect, or records them
-- (egress_learn). An allowed connection is pinned by the keeper for a few seconds, then its call continues. Without a pin the
-- packet filter rejects it, whatever its call was answered.
local connect = require "tiny.egress.connect"
local keeper = require "tiny.egress.keeper"
local time_limit = require "tiny.base.time_limit"

local connections = {}

-- Seconds for which an allowed address, protocol and port is pinned. A datagram within them belongs to the same flow.
local PINNED = 10
-- How many flows are remembered: a container chooses them.
local MOST = 4096
local CONTINUE, REFUSED = { continue = true }, { error = "ECONNREFUSED" }
local PROTOCOLS = { tcp = true, udp = true }

local function is_loopback(addr)
  return addr == "::1" or addr:match("^127%.") ~= nil
end

local function where(found)
  return ("%s %s %d"):format(found.protocol, found.name or found.addr, found.port)
end

-- Reports a denied connection, and answers its call.
local function deny(ctx, found, reason)
  ctx.denials = ctx.denials or require("tiny.egress.denials").new(ctx.record, {})
  ctx.denials:report {
    name = found.name, addr = found.addr, port = found.port, protocol = found.protocol, pid = found.pid, program = found.program, reason = reason, by = "connect",
  }
  return REFUSED
end

-- Tells the keeper whose connection follows, in case that the filter denies it.
local function note(ctx, found)
  if ctx.notify_from then tiny.try(ctx.notify_from.write, ctx.notify_from, tiny.json_encode(found)) end
end

-- Pins the flow and lets its call continue.
local function allow(ctx, found)
  local _, err = tiny.try(keeper.request, ctx, { op = "pin_flow", addr = found.addr, protocol = found.protocol, port = found.port, seconds = PINNED })
  if err then return deny(ctx, found, err.code and "the keeper of its rules does not answer" or err.message) end
  note(ctx, found)
  return CONTINUE
end

-- The answers of on_connect: its result is one of these tables.
local ALLOW, DENY, ASK = {}, {}, {}

-- What on_connect gets: the connection and the possible answers.
local function view(found)
  local seen = {}
  for key, value in pairs(found) do seen[key] = value end
  seen.allow, seen.deny, seen.ask = function() return ALLOW end, function() return DENY end, function() return ASK end
  return seen
end

-- The recipe's decision, and the reason of a denial.
local function asked(ctx, found)
  local answer, err = time_limit.call(time_limit.USUAL, function() return (ctx.spec.on_connect(ctx, view(found))) end)
  if not err and (answer == ALLOW or answer == ASK) then return answer end
  if not err and answer == DENY then return DENY, "denied by on_connect" end
  local why = err and tostring(err) or ("it returned %s, which is none of c.allow(), c.deny() and c.ask()"):format(tiny.show(answer))
  require("tiny.format").note("%s: on_connect: %s", ctx.name, why)
  require("tiny.format").flush()
  return DENY, "on_connect failed"
end

-- Whether this flow was allowed a moment ago: each datagram of a socket without a connection is a call of its own.
local function known(ctx, found)
  local flows, key = ctx.flows or { count = 0 }, ("%d %s"):format(found.pid, where(found))
  ctx.flows = flows
  local now = tiny.clock("monotonic")
  if found.protocol == "udp" and flows[key] and flows[key] > now then return true end
  if flows.count >= MOST then ctx.flows = { count = 0 } end
  return false, function() ctx.flows[key], ctx.flows.count = now + PINNED / 2, ctx.flows.count + 1 end
end

local function decide(ctx, found, respond)
  if ctx.spec.egress_learn then
    local answer = allow(ctx, found)
    if answer == CONTINUE then ctx.connections:add(found) end
    return answer
  end
  local again, remember = known(ctx, found)
  if again then return CONTINUE end
  local decision, reason = asked(ctx, found)
  if decision == ALLOW then
    local answer = allow(ctx, found)
    if answer == CONTINUE then remember() end
    return answer
  end
  if decision == DENY then return deny(ctx, found, reason) end
  require("tiny.supervisor.ask")(ctx, found, function(yes, why)
    if not yes then return respond(deny(ctx, found, why)) end
    local answer = allow(ctx, found)
    if answer == CONTINUE then remember() end
    respond(answer)
  end)
end

-- Whether a C library is likely to look which of a name's addresses has a route: it then connects a datagram socket to each of
-- them once, sends nothing, and the program itself connects later.
local function is_probe(ctx, found, reply)
  if (reply and reply.addrs or 0) < 2 then return false end
  local probed, key = ctx.probed or { count = 0 }, ("%d %s"):format(found.pid, found.addr)
  ctx.probed = probed
  if probed[key] then return false end
  if probed.count >= MOST then ctx.probed = { count = 0 } end
  ctx.probed[key], ctx.probed.count = true, ctx.probed.count + 1
  return true
end

-- Looks at a waiting call. Returns its answer; nil if it is not decided here, or "later" if respond(answer) is called for it.
function connections.answer(ctx, source, call, respond)
  local found = connect.read(source.listener, call)
  if not found then return nil end
  if not ctx.spec.egress_ask then return note(ctx, found) end
  found.protocol = connect.protocol(found, call)
  -- Loopback is the container's own; other protocols are not allowed at all.
  if is_loopback(found.addr) or not PROTOCOLS[found.protocol] then return note(ctx, found) end
  local reply = tiny.try(keeper.request, ctx, { op = "name", addr = found.addr })
  found.name = reply and reply.name or nil
  if call.call == "connect" and found.protocol == "udp" and is_probe(ctx, found, reply) then return note(ctx, found) or CONTINUE end
  return decide(ctx, found, respond) or "later"
end

return connections
