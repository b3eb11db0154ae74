-- Finds the lines on which a recipe sets its keys, from the recipe's tokens; the recipe is not run. A nested key includes
-- the keys of the enclosing tables: "containers.web.memory", "before.exec".
local tokenize = require "tiny.base.lexer"

local keys = {}

-- { lines = { [path] = line }, strings = { { path, text, line }, … } } for a recipe's text.
function keys.of(text)
  local found = { lines = {}, strings = {} }
  -- Remove a "#!" line. The lexer requires source that compiles.
  text = text:gsub("^#[^\n]*", "")
  if not load(text, "=recipe", "t") then return found end
  local stack = {}
  local last, opened, key -- the previous token, and the key whose value is next
  local function path(name)
    local parts = {}
    for _, part in ipairs(stack) do parts[#parts + 1] = part ~= "" and part or nil end
    parts[#parts + 1] = name
    return table.concat(parts, ".")
  end
  for _, token in ipairs(tokenize(text)) do
    local kind, word, line = token.kind, token.value, token.line
    if kind == "{" then
      table.insert(stack, key or "")
    elseif kind == "}" then
      table.remove(stack)
    elseif kind == "=" and last and #stack > 0 then
      key = last
      found.lines[path(last)] = found.lines[path(last)] or opened
    elseif kind == "string" and #stack > 0 then
      table.insert(found.strings, { path = path(key), text = word, line = line })
    end
    if kind ~= "=" then key = nil end
    -- A name, or a string in brackets, may be a key if "=" follows.
    if kind == "name" or kind == "string" then last, opened = word, line elseif kind ~= "]" then last = nil end
  end
  return found
end

return keys
