-- The part of `check` for the values of a container's keys: what `run` and `up` refuse, as far as it does not depend on the host.
-- The checks are those of the pipeline.
local constant = require "tiny.dev.constant"
local schema = require "tiny.spec.schema"

-- By key, what checks its value. A check gets a copy.
local CHECKS = {}

function CHECKS.restart(value) require("tiny.spec.restart").parse(value) end
function CHECKS.log(value) require("tiny.pipeline.logging").check { log = value } end
function CHECKS.health(value) require("tiny.spec.health").check { health = value } end
function CHECKS.ulimits(value) require("tiny.pipeline.ulimits").check(require("tiny.spec.values").list(value)) end
function CHECKS.security_opt(value) require("tiny.pipeline.security_options").parse(value) end
function CHECKS.stop_signal(value)
  local number = tiny.try(tiny.signal_number, value)
  if not number or number == 0 then tiny.fail { message = ("stop_signal: unknown signal %s"):format(tiny.show(value)) } end
end
function CHECKS.seccomp(value)
  -- The file of a learned policy is on the host.
  if not value.learn then require("tiny.pipeline.seccomp_notify").check { seccomp = value } end
end

function CHECKS.landlock(value)
  value.check = true
  local _, err = tiny.try(tiny.landlock, value)
  -- Other errors are about this kernel and its files.
  if err and err.usage then tiny.fail { message = "landlock: " .. err.message, hint = err.hint } end
end

for _, key in ipairs { "cap_add", "cap_drop" } do
  CHECKS[key] = function(value)
    for _, text in ipairs(value) do
      for name in text:gmatch("[^,]+") do require("tiny.pipeline.security_options").capability(key, name) end
    end
  end
end

for _, key in ipairs { "volumes", "tmpfs", "mounts" } do
  CHECKS[key] = function(value)
    for _, one in ipairs(value) do
      local _, err = tiny.try(require("tiny.pipeline.volumes").check, { [key] = { one } })
      -- A source may be missing on this host.
      if err and not err.message:find("does not exist on the host", 1, true) then error(err, 0) end
    end
  end
end

-- Checks the values of a container's table that are constant; `items` are its named items. A wrong type is reported elsewhere.
return function(items, say)
  local types = require("tiny.spec.derived").types()
  for _, item in ipairs(items) do
    local key = item.key.value
    local value, whole = constant(item.value)
    if CHECKS[key] and whole and value ~= nil and tiny.try(function() schema.check("", { [key] = value }, types) return true end) then
      local _, err = tiny.try(CHECKS[key], value)
      if err then say(item, err.message, err.hint) end
    end
  end
end
