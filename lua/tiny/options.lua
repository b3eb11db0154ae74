-- What several commands read from their command line.
local options = {}

-- A list of "K=V", or "K" for the caller's own value, as a table.
function options.environment(list)
  local env = {}
  for _, text in ipairs(list) do
    local key, value = text:match("^([^=]+)=(.*)$")
    if not key and text ~= "" and not text:find("=") then key, value = text, os.getenv(text) end
    if not key then tiny.fail { message = ("--env %q is not NAME=VALUE"):format(text), exit = 125 } end
    env[key] = value
  end
  return env
end

-- The containers of these names; fails at the first that there is not.
function options.found(names)
  local all = {}
  for i, ref in ipairs(names) do all[i] = require("tiny.state").find(ref) end
  return all
end

-- Calls f(container, name) for each name; every name is looked up before anything is done. A failure
-- is told and does not stop the others; returns the exit status. A result of f is printed.
function options.each(names, f)
  local format = require "tiny.format"
  local all, status = options.found(names), 0
  for i, container in ipairs(all) do
    local result, err = tiny.try(f, container, names[i])
    if err then
      status = err.exit or 125
      format.error(err)
    elseif result ~= nil then
      format.line(tostring(result))
    end
  end
  return status
end

return options
