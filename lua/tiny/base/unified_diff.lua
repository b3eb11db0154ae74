-- The difference between two texts in unified format, as patch(1) and git apply take it. Myers' algorithm: the number of steps
-- depends on the number of differences.
local unified = {}

local CONTEXT = 3
-- The most differences that are compared; with more, all old lines are removed and all new ones added.
local MOST = 800
local NO_NEWLINE = "\n\\ No newline at end of file"

-- The lines of a text; a last line without a newline says so.
local function lines_of(text)
  local lines = {}
  for line in text:gmatch("([^\n]*)\n") do table.insert(lines, line) end
  local rest = text:match("[^\n]+$")
  if rest then table.insert(lines, rest .. NO_NEWLINE) end
  return lines
end

-- The furthest points of each round of Myers' algorithm; nil if there are too many differences.
local function rounds(a, b)
  local n, m, v, trace = #a, #b, { [1] = 0 }, {}
  for d = 0, math.min(n + m, MOST) do
    local now = {}
    for k = -d, d, 2 do
      local x
      if k == -d or (k ~= d and v[k - 1] < v[k + 1]) then x = v[k + 1] else x = v[k - 1] + 1 end
      local y = x - k
      while x < n and y < m and a[x + 1] == b[y + 1] do x, y = x + 1, y + 1 end
      now[k] = x
      if x >= n and y >= m then
        trace[d] = now
        return trace, d
      end
    end
    trace[d], v = now, now
  end
end

-- The steps from a to b, last first: { " ", i, j }, { "-", i } and { "+", j }.
local function backward(a, b, trace, d)
  local x, y, list = #a, #b, {}
  for round = d, 1, -1 do
    local before, k = trace[round - 1], x - y
    local down = k == -round or (k ~= round and before[k - 1] < before[k + 1])
    local from = down and k + 1 or k - 1
    local px = before[from]
    local py = px - from
    while x > px and y > py do
      table.insert(list, { " ", x, y })
      x, y = x - 1, y - 1
    end
    if down then
      table.insert(list, { "+", nil, y })
      y = y - 1
    else
      table.insert(list, { "-", x })
      x = x - 1
    end
  end
  while x > 0 do
    table.insert(list, { " ", x, y })
    x, y = x - 1, y - 1
  end
  return list
end

local function steps(a, b)
  local trace, d = rounds(a, b)
  local list = {}
  if not trace then
    for i = 1, #a do table.insert(list, { "-", i }) end
    for j = 1, #b do table.insert(list, { "+", nil, j }) end
    return list
  end
  local last_first = backward(a, b, trace, d)
  for i = #last_first, 1, -1 do table.insert(list, last_first[i]) end
  return list
end

-- The ranges of steps that are shown together: { first, last }.
local function hunks(list)
  local found = {}
  for at, step in ipairs(list) do
    if step[1] ~= " " then
      local last = found[#found]
      if last and at - last[2] <= 2 * CONTEXT then last[2] = at else table.insert(found, { at, at }) end
    end
  end
  for _, hunk in ipairs(found) do hunk[1], hunk[2] = math.max(1, hunk[1] - CONTEXT), math.min(#list, hunk[2] + CONTEXT) end
  return found
end

local function range(start, count)
  return count == 1 and tostring(start) or ("%d,%d"):format(count == 0 and start - 1 or start, count)
end

-- A name as git quotes it, if it has other than plain characters.
function unified.name(name)
  if not name:find('[%c"\\\127-\255]') then return name end
  return '"' .. name:gsub('[%c"\\\127-\255]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return ("\\%03o"):format(c:byte())
  end) .. '"'
end

-- The hunks of the difference; "" if there is none.
function unified.hunks(first, second)
  local a, b = lines_of(first), lines_of(second)
  local list, out = steps(a, b), {}
  -- Of each step, how many lines of both texts precede it.
  local i, j, before = 0, 0, {}
  for at, step in ipairs(list) do
    before[at] = { i, j }
    if step[1] ~= "+" then i = i + 1 end
    if step[1] ~= "-" then j = j + 1 end
  end
  for _, hunk in ipairs(hunks(list)) do
    local text, old, new = {}, 0, 0
    for at = hunk[1], hunk[2] do
      local step = list[at]
      table.insert(text, step[1] .. (step[1] == "+" and b[step[3]] or a[step[2]]) .. "\n")
      old, new = old + (step[1] ~= "+" and 1 or 0), new + (step[1] ~= "-" and 1 or 0)
    end
    local from = before[hunk[1]]
    table.insert(out, ("@@ -%s +%s @@\n"):format(range(from[1] + 1, old), range(from[2] + 1, new)) .. table.concat(text))
  end
  return table.concat(out)
end

return unified
