-- Finds where a call comes from, as file and line, in the user's file and in the shipped Lua. A tail call leaves no frame:
-- the nearest remaining frame counts.
local callsite = {}

-- No recipe nests its calls deeper than this.
local DEEPEST = 60

-- The innermost call site whose file does not begin with one of the prefixes, or nil.
function callsite.innermost(hidden)
  for level = 2, DEEPEST do
    -- error() prefixes its text with the position of a level; the debug library is not available here.
    local _, text = pcall(error, "", level)
    local place = type(text) == "string" and text:match("^(.+:%d+): $")
    local skip = not place or place:sub(1, 1) == "["
    for _, prefix in ipairs(skip and {} or hidden) do skip = skip or place:sub(1, #prefix) == prefix end
    if not skip then return place end
  end
end

-- A code frame: the given line of a file's text, marked, with the lines around it.
function callsite.frame(text, line, around)
  local lines, number = {}, 0
  for one in (text .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    if math.abs(number - line) <= around then
      table.insert(lines, ("%s %4d │ %s"):format(number == line and ">" or " ", number, (require("tiny.format").clean((one:gsub("\t", "  "))))))
    end
    if number > line + around then break end
  end
  return lines
end

return callsite
