-- unwind_on_signals: a signal throws, every <close> runs, and children of clone end with the process.
local check = require "check"

-- Runs f in a process of its own, sends it the signals, and returns its status and signal.
local function ends(f, ...)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    from:close()
    -- The caller of the tests may ignore signals: a shell does so for what it starts in the background.
    tiny.reset_process { umask = tonumber("22", 8), limits = {} }
    tiny.unwind_on_signals(true)
    f(function(text) into:write(text or "ready") end)
  end)
  into:close()
  check.equal(from:read(), "ready")
  for _, signal in ipairs { ... } do child:kill(signal) end
  local rest = from:read()
  local _, err = tiny.try(child.wait, child)
  return rest, err
end

-- A call that waits, also one that has not begun when the signal arrives, and a loop.
for _, signal in ipairs { "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT" } do
  local function waits(tell)
    local _ <close> = setmetatable({}, { __close = function() tell "closed" end })
    tell()
    tiny.poll({}, "50s")
  end
  local rest, err = ends(waits, signal)
  check.equal(rest, "closed", signal)
  check.equal(err.message, "interrupted by " .. signal)
  check.equal(err.code, "EINTR")
end
local rest, err = ends(function(tell)
  local _ <close> = setmetatable({}, { __close = function() tell "closed" end })
  tell()
  while true do end
end, "SIGTERM")
check.equal(rest, "closed")
check.equal(err.message, "interrupted by SIGTERM")

-- While it unwinds, a signal of another kind changes nothing.
rest = ends(function(tell)
  local _ <close> = setmetatable({}, { __close = function()
    tiny.poll({}, "300ms")
    tell "closed"
  end })
  tell()
  tiny.poll({}, "50s")
end, "SIGTERM", "SIGHUP")
check.equal(rest, "closed")

-- A child of clone ends with its parent, even as PID 1 and as another user; with `outlives`, and from fork, it does not.
local function after_kill(make)
  local from, into = tiny.pipe()
  local parent <close> = tiny.fork(function()
    tiny.unwind_on_signals(true)
    local _ = make(function()
      into:write("x")
      tiny.poll({}, "50s")
    end)
    tiny.poll({}, "50s")
  end)
  into:close()
  check.equal(from:read(), "x")
  parent:kill("SIGKILL")
  parent:wait()
  local ended = #tiny.poll({ from }, "2s") > 0
  return ended
end
check.equal(after_kill(function(f) return tiny.clone({ pid = true }, f) end), true)
check.equal(after_kill(function(f) return tiny.clone({ uts = true }, f) end), true)
check.equal(after_kill(function(f) return tiny.clone({ user = true, pid = true }, f) end), true)
check.equal(after_kill(function(f)
  local own <close> = tiny.userns { uid_map = { { 0, 0, 1 } }, gid_map = { { 0, 0, 1 } } }
  return tiny.clone({ user = own, pid = true }, f)
end), true)
check.equal(after_kill(function(f)
  return tiny.clone({ pid = true }, function()
    tiny.setuser(65534, { gid = 65534 })
    f()
  end)
end), true)
check.equal(after_kill(function(f)
  return tiny.clone({ pid = true }, function()
    tiny.fork(f)
    tiny.poll({}, "50s")
  end)
end), true)
for _, make in ipairs { function(f) return tiny.clone({ outlives = true }, f) end, tiny.fork } do
  local pid_from, pid_into = tiny.pipe()
  check.equal(after_kill(function(f)
    return make(function()
      pid_into:write(tostring(tiny.getpid()))
      f()
    end):keep()
  end), false)
  local orphan <close> = tiny.pidfd_open(math.tointeger(tonumber(pid_from:read())))
  tiny.kill(orphan, "SIGKILL")
end

-- What ends with the process cannot be kept.
check.inside({}, function()
  tiny.unwind_on_signals(true)
  local child <close> = tiny.clone({ pid = true }, function() end)
  local _, wrong = tiny.try(child.keep, child)
  check.equal(wrong.message, "keep: the child ends with this process")
  tiny.unwind_on_signals(false)
  tiny.clone({ pid = true }, function() end):keep()
end)

-- A signal that the caller ignores stays ignored: see nohup in scenarios/recipe_signals.
-- `created` gets the handles that outlive the process.
local made = {}
tiny.unwind_on_signals(true, { created = function(handle) table.insert(made, handle.undo[1]) end })
do
  local _ <close> = tiny.cgroup("unwind")
  local _ <close> = tiny.pipe()
end
check.equal(table.concat(made, " "), "cgroup_del")
