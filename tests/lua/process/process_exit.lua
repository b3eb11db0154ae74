-- process_exit: how a process ended that is somebody else's child.
local check = require "check"

-- A grandchild reports its pid and waits; its parent, not we, is the one to reap it.
local function grandchild(body)
  local from, into = tiny.pipe()
  local go_from, go_into = tiny.pipe()
  local parent = tiny.fork(function()
    local child = tiny.fork(function()
      go_into:close()
      go_from:read()
      body()
    end)
    into:write(tostring(child.pid))
    child:wait()
  end)
  local process = tiny.pidfd_open(math.tointeger(tonumber(from:read())))
  go_from:close()
  go_into:write("go")
  return process, parent
end

local process, parent = grandchild(function() os.exit(9) end)
local status, signal = process:exit()
parent:wait()
if status == nil then check.skip("reaped before it was asked, and this kernel is older than 6.15") end
check.equal(status, 9)
check.equal(signal, nil)

local killed, its_parent = grandchild(function() tiny.kill(tiny.pidfd_open(tiny.getpid()), "SIGKILL") end)
status, signal = killed:exit()
its_parent:wait()
check.equal(status, 137)
check.equal(signal, "SIGKILL")

check.refuses("process: expected a process handle, got a child handle", tiny.process_exit, parent)
