-- Trees are as deep as a container makes them; JSON and a reader take less. What lies deeper stands beside its parent.
local DEEPEST = 50
-- A list that was read while processes came and went may go in a circle.
local MOST = 1000

-- parent_of(id): the id above one, or nil. Returns a function that tells below which id one is shown.
return function(parent_of)
  return function(id)
    local above, at = {}, parent_of(id)
    while at and #above < MOST do
      table.insert(above, at)
      at = parent_of(at)
    end
    return above[math.max(1, #above - DEEPEST + 1)]
  end
end
