-- The status of a container in words, as `ps` shows it.
local format = require "tiny.format"

local HEALTH = { starting = " (health: starting)", healthy = " (healthy)", unhealthy = " (unhealthy)" }

local EXCEEDED = { timeout = "timed out", cpu_time = "out of CPU time", max_output = "too much output" }

return function(c, now)
  local s = c.state
  if c.unreadable then return "damaged" end
  local up = s.status == "running" and format.duration(now - (tiny.parse_timestamp(s.started_at or "") or 0))
  if up then return "Up " .. up .. (c.damage and " (damaged)" or s.paused and " (Paused)" or HEALTH[s.health] or "") end
  if s.status == "created" or s.status == "starting" then return s.status == "created" and "Created" or "Starting" end
  if s.status == "restarting" then return ("Restarting (%s) %s"):format(s.exit_code or "?", format.ago(s.finished_at, now)) end
  if s.lost then return "Exited (unknown)" end
  local how = s.oom and "out of memory" or EXCEEDED[s.exceeded] or s.signal or ""
  local code = ("%s (%s)%s"):format(s.status == "stopped" and "Stopped" or "Exited", s.exit_code or "?", how ~= "" and " " .. how or "")
  return s.finished_at and code .. " " .. format.ago(s.finished_at, now) or code
end
