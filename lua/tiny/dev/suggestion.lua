-- "did you mean …?" for a name that is missing in a table; nil if no name is close.
local sorted_keys = require "tiny.base.sorted_keys"

return function(name, map)
  local found = tiny.did_you_mean(name, sorted_keys(map))
  return found and ("did you mean %s?"):format(found) or nil
end
