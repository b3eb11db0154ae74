-- "did you mean …?" for a name that is missing in a table; nil if no name is close.
local function names_of(map)
  local names = {}
  for name in pairs(map) do table.insert(names, name) end
  return names
end

return function(name, map)
  local found = tiny.did_you_mean(name, names_of(map))
  return found and ("did you mean %s?"):format(found) or nil
end
