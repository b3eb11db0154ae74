-- Restart policies: whether and when an exited container is started again.
local restart = {}

local FIRST, LONGEST, SETTLED = 0.1, 60, 10

-- "no", "on-failure", "on-failure:3", "always" or "unless-stopped" as { name, most }.
function restart.parse(text)
  local name, most = (text or "no"):match("^([%a-]+):?(%d*)$")
  local known = name == "no" or name == "always" or name == "unless-stopped" or name == "on-failure"
  if not known or (most ~= "" and name ~= "on-failure") then
    tiny.fail {
      message = ("restart: unknown policy %q"):format(text), exit = 125,
      hint = "use one of: no, on-failure, on-failure:N, always, unless-stopped",
    }
  end
  return { name = name, most = math.tointeger(tonumber(most)) or math.huge }
end

-- Counts a container's restarts. A run that lasted long enough resets the count and the delay.
function restart.counter(policy)
  local count, started = 0, tiny.clock("monotonic")
  return {
    -- Seconds until the next start; nil if it is not restarted.
    next = function(status, stopping)
      if tiny.clock("monotonic") - started > SETTLED then count = 0 end
      local failed = status ~= 0
      if stopping or policy.name == "no" or (policy.name == "on-failure" and not failed) then return nil end
      if count >= policy.most then return nil end
      count = count + 1
      return math.min(FIRST * 2 ^ (count - 1), LONGEST), count
    end,
    started = function() started = tiny.clock("monotonic") end,
  }
end

return restart
