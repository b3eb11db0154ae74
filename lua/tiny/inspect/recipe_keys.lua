-- On which lines a recipe names its keys: its text is read as Lua's lexer does, and never run. A key in tables
-- within tables has their keys before it: "containers.web.memory", "before.exec".
local tokens = require "tiny.base.lexer"

local keys = {}

-- { lines = { [path] = line }, strings = { { path, text, line }, … } } of a recipe's text.
function keys.of(text)
  local found = { lines = {}, strings = {} }
  -- A first line of "#!" is the shell's. The lexer reads only what compiles.
  text = text:gsub("^#[^\n]*", "")
  if not load(text, "=recipe", "t") then return found end
  local stack = {}
  local last, opened, key -- the token before, and the key whose value comes next
  local function path(name)
    local parts = {}
    for _, part in ipairs(stack) do parts[#parts + 1] = part ~= "" and part or nil end
    parts[#parts + 1] = name
    return table.concat(parts, ".")
  end
  for _, token in ipairs(tokens(text)) do
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
    -- A name, or a string in brackets, may be a key: then "=" comes.
    if kind == "name" or kind == "string" then last, opened = word, line elseif kind ~= "]" then last = nil end
  end
  return found
end

return keys
