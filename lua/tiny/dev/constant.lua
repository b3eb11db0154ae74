-- Evaluates constant nodes of a syntax tree, without running the file.
local UNKNOWN = tiny.foresee()

local function dummy() end

-- A node's value as far as it is constant, UNKNOWN for the rest. `whole`: whether all of it must be constant.
local function constant(node)
  if node.kind == "string" or node.kind == "number" then return node.value, true end
  if node.kind == "true" or node.kind == "false" then return node.kind == "true", true end
  if node.kind == "nil" then return nil, true end
  if node.kind == "function" then return dummy, true end
  if node.kind ~= "table" then return UNKNOWN, false end
  local made, whole, count = {}, true, 0
  for _, item in ipairs(node.items) do
    local value, known = constant(item.value)
    if item.key and not item.named then return UNKNOWN, false end
    whole = whole and known
    -- A nil takes a place too, and leaves a hole.
    if item.named then made[item.key.value] = value else count = count + 1 made[count] = value end
  end
  return made, whole
end
return constant
