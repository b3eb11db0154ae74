-- open_ns: opens a namespace by its file, of a process, or of the caller.
local check = require "check"

local files = { user = "user", pid = "pid_for_children", net = "net", mount = "mnt", uts = "uts", ipc = "ipc", cgroup = "cgroup" }
if tiny.stat("/proc/self/ns/time") then files.time = "time_for_children" end
for kind, file in pairs(files) do
  local own <close> = tiny.open_ns(kind)
  check.equal(own.kind, kind .. "ns")
  check.equal(tostring(own.inode), tiny.readlink("/proc/self/ns/" .. file):match("%d+"), kind)
  local same <close> = tiny.open_ns(kind, "/proc/self/ns/" .. file)
  check.equal(same.inode, own.inode, kind .. " by its file")
end

-- Of a process, and it still exists after the process has ended.
local child <close> = tiny.clone({ net = true }, function() tiny.poll({}, "50s") end)
local web <close> = tiny.open_ns("net", child)
check.equal(tostring(web.inode), tiny.readlink(("/proc/%d/ns/net"):format(child.pid)):match("%d+"))
local process <close> = tiny.pidfd_open(child.pid)
child:reap()
check.inside({ net = web }, function() check.equal(#tiny.links(), 1) end)
check.fails("ESRCH", tiny.open_ns, "net", process)
local zombie <close> = tiny.fork(function() end)
tiny.poll({ zombie }, "10s")
local err = check.fails("ESRCH", tiny.open_ns, "net", zombie)
check.equal(err.hint, "the process has ended")

err = check.fails("ENOENT", tiny.open_ns, "net", "/run/netns/none")
check.equal(err.path, "/run/netns/none")
err = check.fails("EINVAL", tiny.open_ns, "net", "/etc/passwd")
check.equal(err.message, "EINVAL: Invalid argument: /etc/passwd (it is not a namespace file)")
err = check.fails("EINVAL", tiny.open_ns, "net", "/proc/self/ns/uts")
check.equal(err.message, "EINVAL: Invalid argument: /proc/self/ns/uts (it is a uts namespace)")

local _, wrong = tiny.try(tiny.open_ns, "network")
assert(wrong.usage and wrong.message:match('did you mean "net"%?$'), wrong.message)
check.refuses("of: the path is empty", tiny.open_ns, "net", "")
