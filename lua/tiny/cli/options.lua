-- Finds the containers that are named on a command line, and acts on each of them.
local options = {}

-- The containers of these names; fails for the first one that is unknown or cannot be used.
function options.found(names)
  local all = {}
  for i, ref in ipairs(names) do all[i] = require("tiny.state").find(ref) end
  return all
end

-- Calls f(container, name) for each name. A failure, such as an unknown name, is reported and does not stop the others.
-- Prints the results of f; returns the exit status, which is 1 after a failure, as docker's is. `damaged_too`: f accepts a
-- container whose record cannot be read.
function options.each(names, f, damaged_too)
  local format, state = require "tiny.format", require "tiny.state"
  local status = 0
  for _, name in ipairs(names) do
    local result, err = tiny.try(function()
      local container = (damaged_too and state.find_any or state.find)(name)
      if damaged_too then state.report(container) end
      return (f(container, name))
    end)
    if err then
      status = 1
      format.error(err)
    elseif result ~= nil then
      format.line(tostring(result))
    end
  end
  return status
end

-- The maximum number of parallel processes.
local MOST = 50

-- Like `each`, for slow operations: one process per container, in parallel; results are printed as they arrive.
function options.at_once(names, f)
  if #names < 2 then return options.each(names, f) end
  local children, status = {}, 0
  local function ended(child)
    local own = child:wait()
    if own ~= 0 then status = own end
  end
  for i, name in ipairs(names) do
    if i > MOST then ended(children[i - MOST]) end
    children[i] = tiny.fork(function() return options.each({ name }, f) end)
  end
  for i = math.max(1, #names - MOST + 1), #names do ended(children[i]) end
  return status
end

return options
