-- Limits the depth of trees that a container controls, for JSON and readers: deeper nodes become siblings of their parent.
local DEEPEST = 50
-- A list that was read while processes came and went may contain a cycle.
local MOST = 1000

-- parent_of(id): the parent of a node, or nil. Returns a function that gives the parent under which a node is shown.
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
