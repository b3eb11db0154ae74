-- A plan as text: numbered steps with their calls, the line that makes each call, and the call that undoes it.
local clean = require("tiny.format").clean

local function painter(colour)
  return function(code, text) return colour and ("\27[%dm%s\27[0m"):format(code, text) or text end
end

-- The positions of a call: the recipe's own line first.
local function positions(call)
  local list = {}
  for _, place in ipairs { call.recipe or call.recipe_line or false, call.at ~= call.recipe and call.at or false } do
    if place then table.insert(list, place) end
  end
  return table.concat(list, "  ")
end

-- The number of calls from one position that are shown; the rest is only counted.
local ALIKE = 2

-- The number of calls from i on with the same primitive at the same position.
local function alike(calls, i)
  local n = 1
  while calls[i + n] and calls[i + n].op == calls[i].op and calls[i + n].at == calls[i].at and not calls[i + n].undo do n = n + 1 end
  return n
end

local function visible(calls, all)
  local shown = {}
  for _, call in ipairs(calls) do
    if all or not call.plumbing then table.insert(shown, call) end
  end
  return shown
end

return function(found, options)
  local paint, lines, left_out, whole = painter(options.colour), {}, 0, found.kind == "container"
  local function add(...) table.insert(lines, table.concat { ... }) end
  local function call_line(step, call)
    local label = call.number and (whole and ("%d.%d"):format(step.number, call.number) or tostring(call.number)) or "·"
    local deep = not whole and step.lane ~= "host" and "│ " or ""
    add(("%9s  "):format(label), deep, clean(call.op), "(", clean(call.args), ")", paint(2, "  " .. clean(positions(call))))
    if call.undo then add((" "):rep(11), paint(2, ("undone by %s(%s)"):format(call.undo.op, clean(call.undo.args)))) end
  end
  add(paint(1, ("plan of %s%s"):format(clean(found.recipe), found.name and ": container " .. clean(found.name) or "")))
  for _, step in ipairs(found.steps) do
    local calls = visible(step.calls, options.all)
    left_out = left_out + #step.calls - #calls
    if #calls > 0 and whole then add(("%3s  "):format(step.number or ""), paint(1, step.name), step.lane ~= "host" and paint(32, "  in the " .. step.lane) or "") end
    local i = 1
    while i <= #calls do
      local n = options.all and 1 or alike(calls, i)
      if n <= ALIKE + 1 then n = 1 end
      for k = 0, n > 1 and ALIKE - 1 or 0 do call_line(step, calls[i + k]) end
      if n > 1 then
        add((" "):rep(11), paint(2, ("… and %d more calls of %s at the same line"):format(n - ALIKE, calls[i].op)))
        left_out = left_out + n - ALIKE
      end
      i = i + n
    end
  end
  if left_out > 0 then add(paint(2, ("%d similar or minor calls are omitted (directories, files, moving bytes); use --all to show them"):format(left_out))) end
  return table.concat(lines, "\n") .. "\n"
end
