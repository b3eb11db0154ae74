-- The detach keys, such as "ctrl-p,ctrl-q": parses them, and finds them in typed input across several reads.
local Keys = {}
Keys.__index = Keys

local function byte_of(word)
  local control = word:lower():match("^ctrl%-([a-z@%[\\%]^_])$")
  if control then return string.char(control:upper():byte() - 64) end
  if #word == 1 then return word end
  tiny.fail { message = ("--detach-keys: %q is not a key"):format(word), hint = "one character, or ctrl- and a letter: ctrl-p,ctrl-q", exit = 2 }
end

-- Parses keys from comma-separated names; an empty text has none.
function Keys.new(text)
  local sequence = {}
  for word in (text or ""):gmatch("[^,]+") do table.insert(sequence, byte_of(word)) end
  return setmetatable({ sequence = table.concat(sequence), held = "" }, Keys)
end

-- Scans typed input; returns the input for the program, and whether the keys were typed. The beginning of the sequence is held
-- back until it is clear whether it continues.
function Keys:scan(bytes)
  local first = self.sequence:sub(1, 1)
  if first == "" or (self.held == "" and not bytes:find(first, 1, true)) then return bytes, false end
  local passed = {}
  for i = 1, #bytes do
    self.held = self.held .. bytes:sub(i, i)
    while self.held ~= self.sequence:sub(1, #self.held) do
      table.insert(passed, self.held:sub(1, 1))
      self.held = self.held:sub(2)
    end
    if self.held == self.sequence then return table.concat(passed), true end
  end
  return table.concat(passed), false
end

return Keys
