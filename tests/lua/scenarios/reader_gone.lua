-- The reader of a foreground run's output is gone: the run ends as if by SIGPIPE, and its container with it.
local check = require "check"

local program = ("/proc/%d/exe"):format(tiny.getpid())

-- Runs a shell command, in which "$T" is tinylua; returns its output.
local function shell(script)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    from:close()
    tiny.dup2(into, 1)
    tiny.exec { "bash", "-c", "T='" .. program .. " --root " .. check.root .. "'; " .. script }
  end)
  into:close()
  local text = {}
  for bytes in function() return from:read() end do table.insert(text, bytes) end
  child:wait()
  return table.concat(text)
end

-- PID 1 would not act on its stop signal: it is killed at once, and its restart policy does not start it again.
for _, options in ipairs { "", "-t", "--restart always" } do
  local before = tiny.clock("monotonic")
  check.equal(shell("$T run --name c " .. options .. " yes | head -n 1; echo ${PIPESTATUS[0]}"):gsub("\r", ""), "y\n141\n", options)
  assert(tiny.clock("monotonic") - before < 8, options .. ": the stop timeout was waited for")
  local state = tiny.json_decode(check.succeeds("inspect", "c"))[1].state
  check.equal(state.status, "exited", options)
  check.succeeds("rm", "c")
end

-- PID 1 acts on its stop signal.
local polite = [[trap 'echo end >&2; exit 3' TERM; while :; do echo x; sleep 0.05; done]]
check.equal(shell("$T run --name c sh -c \"" .. polite .. "\" 2>&1 >&1 | head -n 1; echo ${PIPESTATUS[0]}"), "x\n141\n")
check.equal(tiny.json_decode(check.succeeds("inspect", "c"))[1].state.exit_code, 3)
check.succeeds("rm", "c")

-- Clients of a container only end themselves.
check.succeeds("run", "-d", "--name", "c", "sh", "-c", "while :; do echo x; sleep 0.05; done")
for _, command in ipairs { "logs -f c", "attach c", "exec c yes" } do
  check.equal(shell("$T " .. command .. " | head -n 1; echo ${PIPESTATUS[0]}"):gsub("^y", "x"), "x\n141\n", command)
end
check.equal(tiny.json_decode(check.succeeds("inspect", "c"))[1].state.status, "running")
check.succeeds("rm", "-f", "c")
