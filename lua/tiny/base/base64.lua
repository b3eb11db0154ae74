-- Base 64 (RFC 4648, section 4).
local base64 = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

function base64.encode(bytes)
  local parts = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local word = a << 16 | (b or 0) << 8 | (c or 0)
    for shift = 18, 0, -6 do
      local digit = (word >> shift & 63) + 1
      table.insert(parts, ALPHABET:sub(digit, digit))
    end
    if not c then parts[#parts] = "=" end
    if not b then parts[#parts - 1] = "=" end
  end
  return table.concat(parts)
end

-- The bytes; nil if the text is not base 64. The padding may be missing.
function base64.decode(text)
  local digits, padding = text:match("^([%w+/]*)(=*)$")
  if not digits or #digits % 4 == 1 or #padding > 2 then return nil end
  local parts, word, bits = {}, 0, 0
  for i = 1, #digits do
    word, bits = (word << 6 | ALPHABET:find(digits:sub(i, i), 1, true) - 1) & 0xffffff, bits + 6
    if bits >= 8 then
      bits = bits - 8
      table.insert(parts, string.char(word >> bits & 255))
    end
  end
  return table.concat(parts)
end

return base64
