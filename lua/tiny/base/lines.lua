-- Splits a stream into lines. A long line is delivered in parts, cut where the log cuts it, so that a container that writes
-- no newline uses neither more memory nor more time.
local Lines = {}
Lines.__index = Lines

-- The maximum length of a line or part, as in the log.
local LONGEST = 16 * 1024

function Lines.new()
  return setmetatable({ rest = "" }, Lines)
end

-- Where the part that begins at `from` ends; never inside a UTF-8 character.
local function cut(text, from)
  for at = from + LONGEST, from + LONGEST - 3, -1 do
    if text:byte(at) & 0xc0 ~= 0x80 then return at end
  end
  return from + LONGEST
end

-- Adds a piece of the stream and calls f(line, partial) for each line that is now complete, without its newline, and for
-- each part of a line that is too long. All parts but the last are partial.
function Lines:put(bytes, f)
  local text, from = self.rest .. bytes, 1
  local newline = text:find("\n", 1, true)
  while true do
    if newline and newline - from <= LONGEST then
      f(text:sub(from, newline - 1))
      from = newline + 1
      newline = text:find("\n", from, true)
    elseif #text - from + 1 > LONGEST then
      local after = cut(text, from)
      f(text:sub(from, after - 1), true)
      from = after
    else
      break
    end
  end
  self.rest = text:sub(from)
end

-- Ends the stream. The rest is partial, since it has no newline.
function Lines:finish(f)
  if self.rest ~= "" then f(self.rest, true) end
  self.rest = ""
end

return Lines
