-- What differs between two texts, line by line, for a reader: "-" is what was wanted, "+" what came.
local difference = {}

-- So many lines of each are compared; so many that are alike are shown around a difference.
local MOST, AROUND = 400, 2

local function lines_of(text)
  local lines = {}
  for line in (text:gsub("\n$", "") .. "\n"):gmatch("(.-)\n") do
    if #lines == MOST then
      table.insert(lines, "…")
      break
    end
    table.insert(lines, line)
  end
  return lines
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

local function steps(a, b)
  local rest, list, i, j = lengths(a, b), {}, 1, 1
  while i <= #a or j <= #b do
    if i <= #a and j <= #b and a[i] == b[j] then
      table.insert(list, { " ", a[i] })
      i, j = i + 1, j + 1
    elseif j > #b or (i <= #a and rest[i + 1][j] >= rest[i][j + 1]) then
      table.insert(list, { "-", a[i] })
      i = i + 1
    else
      table.insert(list, { "+", b[j] })
      j = j + 1
    end
  end
  return list
end

local function near_change(list, at)
  for i = math.max(1, at - AROUND), math.min(#list, at + AROUND) do
    if list[i][1] ~= " " then return true end
  end
  return false
end

-- The difference as text, a line each, with what is alike left out but for two lines around.
function difference.lines(want, got)
  local list, out, left_out = steps(lines_of(want), lines_of(got)), {}, false
  for at, step in ipairs(list) do
    if near_change(list, at) then
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
