-- Compares two texts line by line, for display: "-" marks lines of the first, "+" lines of the second.
local diff = {}

-- AROUND is the number of context lines. Comparing takes as many steps as the product of the numbers of lines that differ;
-- beyond MOST, all lines of the first text are shown, then all of the second.
local AROUND, MOST = 2, 400000

local function lines_of(text)
  local lines = {}
  if text == "" then return lines end
  for line in (text:gsub("\n$", "") .. "\n"):gmatch("(.-)\n") do table.insert(lines, line) end
  return lines
end

-- The number of common lines at the start, and of common lines at the end of the rest.
local function alike(a, b)
  local head, tail = 0, 0
  while head < #a and head < #b and a[head + 1] == b[head + 1] do head = head + 1 end
  while tail < #a - head and tail < #b - head and a[#a - tail] == b[#b - tail] do tail = tail + 1 end
  return head, tail
end

-- The lengths of the longest common subsequences of all suffixes of both lists.
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

-- Appends the differences between the middle parts to the list.
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

-- Which lines are shown: lines that differ, with context.
local function shown(list)
  local near = {}
  for at, step in ipairs(list) do
    for i = at - AROUND, step[1] ~= " " and at + AROUND or at - AROUND - 1 do near[i] = true end
  end
  return near
end

-- The difference as text, with two lines of context; "" if there is none.
function diff.lines(first, second)
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

return diff
