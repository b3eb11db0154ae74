-- Unmounting below a root affects the mount that was looked up: a link put in its place at the last moment does not
-- unmount a mount of the host.
local check = require "check"

if not os.execute("strace -o /dev/null true 2>/dev/null") then check.skip("needs strace, and leave to trace") end

-- It shows the current system call of a process; User-Mode Linux does not have it.
if not tiny.stat("/proc/self/syscall") then check.skip("this kernel has no /proc/PID/syscall") end

local ROOT, HOST = "/tmp/root", "/tmp/host"
local UMOUNT2 = { x86_64 = "166", aarch64 = "39" }
local machine = io.popen("uname -m"):read("l")
local number = UMOUNT2[machine] or check.skip("no number of umount2 for " .. machine)

tiny.mkdir(ROOT .. "/mnt", { parents = true })
tiny.mount_tmpfs(HOST, { create = true })

-- Another process, in its own mount namespace, may rename a mount point of this one.
local go, ready = tiny.pipe()
local swapper <close> = tiny.clone({ mount = true }, function()
  ready:close()
  go:read(1)
  tiny.rename(ROOT .. "/mnt", ROOT .. "/old")
  tiny.symlink(HOST, ROOT .. "/mnt")
end)
go:close()
tiny.mount_tmpfs(ROOT .. "/mnt")

-- strace(1) stops tinylua at the entry of umount2.
tiny.write_file("/tmp/umount.lua", ('tiny.umount("mnt", { root = %q, detach = true })\n'):format(ROOT))
local engine = ("/proc/%d/exe"):format(tiny.getpid())
local tracer <close> = tiny.fork(function()
  tiny.exec {
    "strace", "-f", "-o", "/dev/null", "-e", "trace=umount2", "-e", "inject=umount2:delay_enter=3000000",
    engine, "--root", check.root, "run", "/tmp/umount.lua",
  }
end)
local function held()
  for _, pid in ipairs(tiny.list_dir("/proc")) do
    local text = pid:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. pid .. "/syscall") or ""
    if text:match("^" .. number .. " ") then return true end
  end
  return false
end
while not held() do
  if #tiny.poll({ tracer }, "10ms") > 0 then error("it ended before it was held") end
end
ready:write("x")
check.equal(swapper:wait(), 0, "the swap")
check.equal(#tiny.poll({ tracer }, 0), 0, "it was held up to here")
tracer:wait()
assert(check.mount_at(HOST), "the host's mount is gone")
