-- The keys of a table as a sorted list. Keys of different types are in the order of their texts.
local function by_text(a, b) return tostring(a) < tostring(b) end

return function(map)
  local list, kind, mixed = {}, nil, false
  for key in pairs(map or {}) do
    table.insert(list, key)
    mixed = mixed or kind ~= nil and type(key) ~= kind
    kind = type(key)
  end
  table.sort(list, mixed and by_text or nil)
  return list
end
