-- Asks the user at the terminal of a foreground run whether a connection is allowed. With a terminal of its own (-t), the
-- container's clients are asked; otherwise the run's controlling terminal is, and nothing else happens in this supervisor
-- meanwhile.
local format = require "tiny.format"

-- Seconds until no answer is a denial.
local PATIENCE = 60
local NO_TERMINAL = "on_connect asks, and the run has no terminal"
local KEYS = { y = "yes", n = "no", a = "always", ["\3"] = "no", ["\4"] = "no", ["\27"] = "no" }

local function question(ctx, found)
  local target = found.name and ("%s:%d/%s (%s)"):format(found.name, found.port, found.protocol, found.addr) or ("%s port %d/%s"):format(found.addr, found.port, found.protocol)
  return format.clean(("%s: %s (pid %d) connects to %s. Allow? y(es), n(o), a(lways in this run): "):format(ctx.name, found.program or "?", found.pid, target))
end

-- Reads what was typed before the question: it answers nothing.
local function discard(terminal)
  while #tiny.poll({ terminal }, 0) > 0 do
    if not tiny.try(terminal.read, terminal) then return end
  end
end

-- At the run's own terminal: a line.
local function at_terminal(ctx, text, done)
  local terminal = not ctx.detached and tiny.try(tiny.open, "/dev/tty", { read = true, write = true, nonblock = true })
  if not terminal then return done(nil, NO_TERMINAL) end
  local file <close> = terminal
  discard(file)
  file:write("tinylua: " .. text)
  local line, till = "", tiny.clock("monotonic") + PATIENCE
  while not line:find("\n", 1, true) do
    local ready = tiny.poll({ file, ctx.process, ctx.signals }, math.max(0, till - tiny.clock("monotonic")))
    if ready[1] ~= file then
      file:write("\n")
      return done(nil, ready[1] and "the question was interrupted" or "no answer at the terminal")
    end
    local bytes = tiny.try(file.read, file)
    if not bytes and bytes ~= false then return done(nil, NO_TERMINAL) end
    line = line .. (bytes or "")
  end
  done(KEYS[line:sub(1, 1):lower()] or "no", "denied at the terminal")
end

-- At the clients of the container's terminal: a key.
local function at_clients(ctx, text, done)
  local console = ctx.console
  if not next(console.audience.clients) then return done(nil, NO_TERMINAL) end
  console:ask("\r\ntinylua: " .. text, PATIENCE, function(key)
    local answer = key and KEYS[key:lower()]
    if key and not answer then return false end
    console:say((answer or "no") .. "\r\n")
    done(answer, key and "denied at the terminal" or "no answer at the terminal")
    return true
  end)
end

-- Calls done(yes, reason) once the user has answered.
return function(ctx, found, done)
  local key = ("%s %s %d"):format(found.protocol, found.name or found.addr, found.port)
  ctx.always = ctx.always or {}
  if ctx.always[key] then return done(true) end
  local ask = ctx.console and at_clients or at_terminal
  ask(ctx, question(ctx, found), function(answer, reason)
    if answer == "always" then ctx.always[key] = true end
    done(answer == "yes" or answer == "always", reason)
  end)
end
