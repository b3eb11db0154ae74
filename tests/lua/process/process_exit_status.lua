-- process_exit_status: returns how a child of another process ended.
local check = require "check"

-- A grandchild reports its pid and waits; its parent, not this process, reaps it, on request.
local function grandchild(body)
  local from, into = tiny.pipe()
  local go_from, go_into = tiny.pipe()
  local reap_from, reap_into = tiny.pipe()
  local parent = tiny.fork(function()
    local child = tiny.fork(function()
      go_into:close()
      go_from:read()
      body()
    end)
    into:write(tostring(child.pid))
    reap_from:read()
    child:wait()
  end)
  local process = tiny.pidfd_open(math.tointeger(tonumber(from:read())))
  go_from:close()
  go_into:write("go")
  return process, parent, function()
    reap_into:write("reap")
    check.equal(parent:wait(), 0, "the parent's status")
  end
end

-- Until it is reaped, every kernel reports the status; afterwards only those since 6.15.
local function tells(process, reap, want_status, want_signal)
  local status, signal = process:exit_status()
  check.equal(status, want_status)
  check.equal(signal, want_signal)
  reap()
  local known = tiny.probe().calls.pidfd_exit_status
  status, signal = process:exit_status()
  check.equal(status, known and want_status or nil, "after it was reaped")
  check.equal(signal, known and want_signal or nil, "after it was reaped")
end

local process, parent, reap = grandchild(function() os.exit(9) end)
tells(process, reap, 9)
check.refuses("process: expected a process handle, got a child handle", tiny.process_exit_status, parent)

local killed, _, reap_killed = grandchild(function() tiny.kill(tiny.pidfd_open(tiny.getpid()), "SIGKILL") end)
tells(killed, reap_killed, 137, "SIGKILL")
