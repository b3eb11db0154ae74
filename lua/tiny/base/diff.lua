-- What differs between two texts, line by line, for a reader: "-" is of the first, "+" of the second.
local difference = {}

-- So many lines that are alike are shown around a difference. Of texts that differ in more places than this
-- product of lines, all of the first is shown and then all of the second: comparing takes that many steps.
local AROUND, MOST = 2, 400000

local function lines_of(text)
  local lines = {}
  if text == "" then return lines end
  for line in (text:gsub("\n$", "") .. "\n"):gmatch("(.-)\n") do table.insert(lines, line) end
  return lines
end

-- How many lines both begin with, and then how many both end with.
local function alike(a, b)
  local head, tail = 0, 0
  while head < #a and head < #b and a[head + 1] == b[head + 1] do head = head + 1 end
  while tail < #a - head and tail < #b - head and a[#a - tail] == b[#b - tail] do tail = tail + 1 end
  return head, tail
end

-- The lengths of the longest common sequences of the rests of both lists.
local function lengths(a, b)
  local rest = {}
  for i = #a + 1, 1, -1 do
    rest[i] = {}
    for j = #b + 1, 1, -1 do
      if i > #a or j > #b then
        rest[i][j] = 0
      else
        rest[i][j] = a[i] == b[j] and rest[i + 1][j + 1] + 1 or math.max(rest[i + 1][j], rest[i][j + 1])
      end
    end
  end
  return rest
end

-- The middles of both, step by step, into the list.
local function compare(a, b, list)
  local rest = #a * #b <= MOST and lengths(a, b) or nil
  local i, j = 1, 1
  while i <= #a or j <= #b do
    if rest and i <= #a and j <= #b and a[i] == b[j] then
      table.insert(list, { " ", a[i] })
      i, j = i + 1, j + 1
    elseif j > #b or (i <= #a and (not rest or rest[i + 1][j] >= rest[i][j + 1])) then
      table.insert(list, { "-", a[i] })
      i = i + 1
    else
      table.insert(list, { "+", b[j] })
      j = j + 1
    end
  end
end

local function steps(a, b)
  local head, tail = alike(a, b)
  local list = {}
  for i = 1, head do list[i] = { " ", a[i] } end
  compare(table.move(a, head + 1, #a - tail, 1, {}), table.move(b, head + 1, #b - tail, 1, {}), list)
  for i = #a - tail + 1, #a do table.insert(list, { " ", a[i] }) end
  return list
end

-- Which lines are shown: those that differ and some around them.
local function shown(list)
  local near = {}
  for at, step in ipairs(list) do
    for i = at - AROUND, step[1] ~= " " and at + AROUND or at - AROUND - 1 do near[i] = true end
  end
  return near
end

-- The difference as text, a line each, with what is alike left out but for two lines around; "" for none.
function difference.lines(first, second)
  local list, out, left_out = steps(lines_of(first), lines_of(second)), {}, false
  local near = shown(list)
  if next(near) == nil then return "" end
  for at, step in ipairs(list) do
    if near[at] then
      table.insert(out, step[1] .. " " .. step[2])
      left_out = false
    elseif not left_out then
      table.insert(out, "  …")
      left_out = true
    end
  end
  return table.concat(out, "\n")
end

return difference
