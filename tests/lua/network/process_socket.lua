-- process_socket: what kind of socket a descriptor of another process is.
local check = require "check"

local ready, ready_end = tiny.pipe()
local go_end, go = tiny.pipe()
local child <close> = tiny.fork(function()
  local udp <close> = tiny.udp_bind("127.0.0.1:0")
  local tcp <close> = tiny.tcp_listen("[::]:0")
  local a, b = tiny.socketpair()
  local numbers = {}
  for _, number in ipairs(tiny.list_dir("/proc/self/fd")) do
    local target = tiny.try(tiny.readlink, "/proc/self/fd/" .. number) or ""
    if target:match("^socket:") then table.insert(numbers, number) end
  end
  ready_end:write(table.concat(numbers, " ") .. "\n")
  tiny.poll({ go_end }, "20s")
  for _, file in ipairs { udp, tcp, a, b } do file:close() end
end)
ready_end:close()
local kinds = {}
for number in ready:read():gmatch("%d+") do
  local kind = tiny.process_socket(child.pid, tonumber(number))
  kinds[kind.family .. " " .. kind.protocol] = true
end
assert(kinds["inet udp"] and kinds["inet6 tcp"] and kinds["unix 0"], tiny.show(kinds))
check.fails("EBADF", tiny.process_socket, child.pid, 9999)
check.fails("ENOTSOCK", tiny.process_socket, child.pid, 0)
check.fails("ESRCH", tiny.process_socket, 4194303, 0)
check.inside({ user = true, pid = true }, function() check.fails("ESRCH", tiny.process_socket, child.pid, 0) end)
go:write("x")
child:wait()
