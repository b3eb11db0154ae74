-- The primitive calls of a command, as reported by `--trace=json`, and which of them another command makes too.
local call_trace = {}

-- The calls by generation, from 0: for each process a list of "primitive position".
function call_trace.parse(text)
  local calls, generations, count = {}, {}, 0
  for line in text:gmatch("[^\n]+") do
    local event = line:sub(1, 1) == "{" and tiny.json_decode(line)
    if event and event.op and event.side then
      local process = event.side .. event.pid
      if not generations[process] then
        generations[process], calls[count], count = count, {}, count + 1
      end
      table.insert(calls[generations[process]], ("%s %s"):format(event.op, event.at or ""))
    end
  end
  return calls
end

-- Whether `other` makes each of the calls `own`, by number, in the same order: their longest common subsequence.
function call_trace.same(own, other)
  local length = {}
  for i = #own + 1, 1, -1 do
    length[i] = {}
    for j = #other + 1, 1, -1 do
      if i > #own or j > #other then
        length[i][j] = 0
      elseif own[i] == other[j] then
        length[i][j] = length[i + 1][j + 1] + 1
      else
        length[i][j] = math.max(length[i + 1][j], length[i][j + 1])
      end
    end
  end
  local same, i, j = {}, 1, 1
  while i <= #own and j <= #other do
    if own[i] == other[j] then
      same[i], i, j = true, i + 1, j + 1
    elseif length[i + 1][j] >= length[i][j + 1] then
      i = i + 1
    else
      j = j + 1
    end
  end
  return same
end

return call_trace
