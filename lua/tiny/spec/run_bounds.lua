-- Checks the bounds of a run that its supervisor keeps: time, CPU time and output.
local wrong = require("tiny.spec.values").wrong

local run_bounds = {}

-- Seconds. The longest is a hundred years.
local LEAST, LONGEST = 0.001, 100 * 365 * 86400

local ACTIONS = { "truncate", "end" }

-- "1m", "1m:truncate" or "1m:end" as bytes and action; nil and the reason if it is invalid.
function run_bounds.output(value)
  local size, action = value, nil
  if type(value) == "string" then size, action = value:match("^([^:]*):?(.*)$") end
  local bytes, reason = tiny.parse_size(size)
  if not bytes then return nil, reason end
  if action == nil or action == "" then action = "truncate" end
  for _, known in ipairs(ACTIONS) do
    if action == known then return bytes, action end
  end
  return nil, ("%s is not truncate or end"):format(tiny.show(action))
end

local function check_duration(spec, key)
  if spec[key] == nil then return end
  spec[key] = tiny.parse_duration(spec[key]) or math.huge
  if spec[key] < LEAST then wrong(("%s: %g seconds are too short"):format(key, spec[key]), "the minimum is 1ms; omit it for no limit") end
  if spec[key] > LONGEST then wrong(("%s: %g seconds are too long"):format(key, spec[key]), "omit it for no limit") end
end

local function check_output(spec)
  local bytes, action = run_bounds.output(spec.max_output)
  if not bytes then wrong(("max_output: %s"):format(action), 'write a size and what follows: "1m:truncate" or "1m:end"') end
  if bytes < 1 then wrong("max_output: the size must not be 0", "--log-driver none keeps no output") end
  local driver = spec.log and spec.log.driver or "json"
  if driver == "passthrough" then
    wrong("max_output cannot be combined with the log driver passthrough, since the supervisor does not see the output", "use the driver json or none")
  end
  if driver == "none" and action == "truncate" then
    wrong("max_output: there is no log to truncate, since the log driver is none", ('--max-output %d:end ends the container instead'):format(bytes))
  end
  spec.max_output = ("%d:%s"):format(bytes, action)
end

-- Converts the bounds of a spec to their final form.
function run_bounds.check(spec)
  check_duration(spec, "timeout")
  check_duration(spec, "cpu_time")
  if spec.max_output ~= nil then check_output(spec) end
end

return run_bounds
