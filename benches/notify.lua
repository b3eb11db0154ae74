-- The calls of notify.c, answered by primitives: notify.lua PROGRAM COUNT; or by a function of a container's
-- recipe: notify.lua PROGRAM COUNT ROOTFS.
local program, count, rootfs = table.unpack(...)

if rootfs then
  return require("tiny.container").new {
    rootfs = rootfs, command = { program, count },
    seccomp = { notify = { getppid = function(call) return call.continue() end } },
  }
end

local mine, theirs = tiny.socketpair()
local child <close> = tiny.fork(function()
  tiny.no_new_privs()
  local rule = { names = { "getppid" }, action = "SCMP_ACT_NOTIFY" }
  tiny.seccomp({ defaultAction = "SCMP_ACT_ALLOW", syscalls = { rule } }, { send = theirs })
  tiny.exec { program, count }
end)
local listener <close> = tiny.recv_fd(mine)
while true do
  tiny.poll { listener }
  local call = tiny.seccomp_notify_receive(listener)
  if call then tiny.seccomp_notify_respond(listener, call.id, { continue = true }) elseif call == nil then break end
end
return child:wait()
