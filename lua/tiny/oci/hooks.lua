-- Hooks of a configuration (config.md, "POSIX-platform Hooks"): programs that get the container's state on standard input. What they
-- print is not the container's output; the end of it is part of the error when a hook fails.
local hooks = {}

-- How much of a hook's output is kept for an error.
local TAIL = 1024

-- Reads what a hook prints, up to its end or the deadline; returns the end of it, and whether the time is over.
local function follow(child, output, deadline)
  local tail, open = "", true
  while true do
    local left = deadline and math.max(0, deadline - tiny.clock("monotonic"))
    local ready = tiny.poll(open and { child, output } or { child }, left)
    if #ready == 0 then return tail, true end
    local ended = false
    for _, one in ipairs(ready) do
      if one == child then ended = true else
        local part = output:read()
        if part then tail = (tail .. part):sub(-TAIL) else open = false end
      end
    end
    -- What it left to a process of its own is not waited for.
    if ended then
      local rest = open and #tiny.poll({ output }, 0) > 0 and output:read() or ""
      return (tail .. rest):sub(-TAIL), false
    end
  end
end

local function explain(kind, index, hook, what, tail)
  local text = tail:gsub("%s+$", "")
  tiny.fail {
    message = ("hook %s[%d] %s: %s%s"):format(kind, index - 1, hook.path, what, text ~= "" and ": " .. text or ""),
  }
end

local function run_one(kind, index, hook, text)
  local from, into = tiny.pipe()
  local output, printed = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.setsid()
    tiny.dup2(from, 0)
    tiny.dup2(printed, 1)
    tiny.dup2(printed, 2)
    local env = {}
    for _, pair in ipairs(hook.env or {}) do
      local name, value = pair:match("^([^=]+)=(.*)$")
      if name then env[name] = value end
    end
    local words = hook.args or {}
    tiny.exec { file = hook.path, env = env, words[1] or hook.path, table.unpack(words, 2) }
  end)
  from:close()
  printed:close()
  -- A hook need not read its input; the state is shorter than what a pipe holds, unless its annotations are long.
  local deadline = hook.timeout and tiny.clock("monotonic") + hook.timeout
  local writer <close> = tiny.fork(function() tiny.try(into.write, into, text) end)
  into:close()
  local tail, late = follow(child, output, deadline)
  output:close()
  if late then
    -- And what it has started.
    tiny.try(tiny.kill, child, "SIGKILL", { group = true })
    tiny.try(tiny.kill, child, "SIGKILL")
    explain(kind, index, hook, ("it did not end within %d s and was killed"):format(hook.timeout), tail)
  end
  local status, signal = tiny.try(child.wait, child)
  if type(signal) == "table" then explain(kind, index, hook, signal.message, "") end
  if signal then explain(kind, index, hook, "it was killed by " .. signal, tail) end
  if status ~= 0 then explain(kind, index, hook, ("it exited with status %d"):format(status), tail) end
end

-- Runs the hooks of a kind in order; the first that fails ends it with an error. state: a table, the container's state.
function hooks.run(config, kind, state)
  local list = (config.hooks or {})[kind]
  if not list or #list == 0 then return end
  local text = tiny.json_encode(state)
  for i, hook in ipairs(list) do run_one(kind, i, hook, text) end
end

-- Runs all hooks of a kind; failures are reported and do not stop the others.
function hooks.run_all(config, kind, state)
  local list = (config.hooks or {})[kind]
  local text = list and tiny.json_encode(state)
  for i, hook in ipairs(list or {}) do
    local _, err = tiny.try(run_one, kind, i, hook, text)
    if err then tiny.log("warn", err.message, { container = state.id }) end
  end
end

return hooks
