-- On which lines a recipe names its keys: its text is read as Lua's lexer does, and never run. A key in tables
-- within tables has their keys before it: "containers.web.memory", "before.exec".
local keys = {}

-- The text of a short or long string at `at`, and what follows it; nil where there is none.
local function string_at(text, at)
  local level = text:match("^%[(=*)%[", at)
  if level then
    local first, last = text:find("]" .. level .. "]", at, true)
    return text:sub(at + #level + 2, (first or #text + 1) - 1), (last or #text) + 1
  end
  local quote = text:match("^[\"']", at)
  local from = at
  while quote do
    from = text:find('[\\\n' .. quote .. ']', from + 1)
    if not from or text:sub(from, from) == "\n" then return "", #text + 1 end
    if text:sub(from, from) == quote then return text:sub(at + 1, from - 1), from + 1 end
    from = from + 1 -- what is behind a backslash ends nothing
  end
end

-- The next token from `at`: its kind ("name", "string", or the character itself), its text, and what follows it.
local function next_token(text, at)
  while true do
    at = text:find("%S", at)
    if not at then return nil end
    if text:sub(at, at + 1) ~= "--" then break end
    local _, after = string_at(text, at + 2)
    at = text:match("^%[=*%[", at + 2) and after or text:find("\n", at, true) or #text + 1
  end
  local name = text:match("^[%a_][%w_]*", at)
  if name then return "name", name, at + #name, at end
  local inside, after = string_at(text, at)
  if inside then return "string", inside, after, at end
  local two = text:sub(at, at + 1)
  local long = two == "==" or two == "~=" or two == "<=" or two == ">="
  return long and two or two:sub(1, 1), two, at + (long and 2 or 1), at
end

-- { lines = { [path] = line }, strings = { { path, text, line }, … } } of a recipe's text.
function keys.of(text)
  local found = { lines = {}, strings = {} }
  local stack, line, from, at = {}, 1, 1, 1
  local last, opened, key -- the token before, and the key whose value comes next
  local function path(name)
    local parts = {}
    for _, part in ipairs(stack) do parts[#parts + 1] = part ~= "" and part or nil end
    parts[#parts + 1] = name
    return table.concat(parts, ".")
  end
  while true do
    local kind, word, after, start = next_token(text, at)
    if not kind then break end
    line = line + select(2, text:sub(from, start - 1):gsub("\n", ""))
    from, at = start, after
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
