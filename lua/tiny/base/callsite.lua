-- Where a call comes from, as file and line: in the user's file, and in the shipped Lua. A tail call leaves no frame
-- behind, so that the nearest one that is left counts.
local places = {}

-- Deeper than this no recipe calls.
local DEEPEST = 60

-- The innermost place whose file does not begin with one of the prefixes; nil where there is none.
function places.innermost(hidden)
  for level = 2, DEEPEST do
    -- error() puts the place of a level before its text; there is no debug library here.
    local _, text = pcall(error, "", level)
    local place = type(text) == "string" and text:match("^(.+:%d+): $")
    local skip = not place or place:sub(1, 1) == "["
    for _, prefix in ipairs(skip and {} or hidden) do skip = skip or place:sub(1, #prefix) == prefix end
    if not skip then return place end
  end
end

-- The line of a file's text, and those around it, with the line itself marked: a code frame.
function places.frame(text, line, around)
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

return places
