-- Checks the health-check options of a spec. tiny.supervisor.health_check runs the checks.
local schema = require "tiny.spec.schema"

local health = {}

local KEYS = {
  command = "command", interval = "duration", timeout = "duration", retries = "integer", start_period = "duration", start_interval = "duration",
}
local DEFAULTS = { interval = 30, timeout = 30, retries = 3, start_period = 0, start_interval = 5 }
-- Minimum values: each check forks a process and writes the record.
local LEAST = { interval = 0.1, timeout = 0.1, start_period = 0, start_interval = 0.1 }

local function wrong(message, hint)
  tiny.fail { message = "health: " .. message, hint = hint, exit = 125 }
end

-- Merges the command line's options over the recipe's.
function health.overlay(of_recipe, args)
  local given = {
    command = args.health_cmd, interval = args.health_interval, timeout = args.health_timeout,
    retries = args.health_retries, start_period = args.health_start_period,
    start_interval = args.health_start_interval,
  }
  for key, value in pairs(of_recipe or {}) do
    if given[key] == nil then given[key] = value end
  end
  return given
end

-- Converts spec.health to its final form.
function health.check(spec)
  schema.check("health", spec.health, KEYS)
  local made = {}
  for key, value in pairs(DEFAULTS) do made[key] = spec.health[key] or value end
  for key, least in pairs(LEAST) do
    made[key] = tiny.parse_duration(made[key])
    if made[key] < least then wrong(("%s: %s seconds are too short"):format(key, made[key]), ("the minimum is %s seconds"):format(least)) end
  end
  if made.retries < 1 then wrong(("retries: %d"):format(made.retries), "the minimum is 1") end
  local command = spec.health.command
  if type(command) == "string" then command = command ~= "" and { "/bin/sh", "-c", command } or {} end
  if #(command or {}) == 0 or command[1] == "" then wrong("the command is missing", "give a command that exits with 0 when healthy: --health-cmd, or health = { command = … }") end
  for i, word in ipairs(command) do
    if not utf8.len(word) then wrong(("command: argument %d is not UTF-8: %s"):format(i, tiny.show(word))) end
  end
  made.command = command
  spec.health = made
end

return health
