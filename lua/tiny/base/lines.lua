-- The lines of a stream that comes in pieces. A long line comes in parts, cut where the log cuts it, so that neither
-- memory nor time grows with what a container writes without a newline.
local Lines = {}
Lines.__index = Lines

-- The longest line or part, as in the log.
local LONGEST = 16 * 1024

function Lines.new()
  return setmetatable({ rest = "" }, Lines)
end

-- Where the part that begins at `from` ends: before a character of UTF-8, never inside one.
local function cut(text, from)
  for at = from + LONGEST, from + LONGEST - 3, -1 do
    if text:byte(at) & 0xc0 ~= 0x80 then return at end
  end
  return from + LONGEST
end

-- Takes a piece of the stream; calls f(line, partial) for each line that is whole now, without its newline, and for each
-- part of one that is too long: all of its parts but the last are partial.
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

-- The stream has ended: what is left is partial, since its newline never came.
function Lines:finish(f)
  if self.rest ~= "" then f(self.rest, true) end
  self.rest = ""
end

return Lines
