-- probe: its results agree with the kernel's own files, and it changes nothing.
local check = require "check"

local before = #tiny.list_dir("/proc/self/fd")
local host = tiny.probe()
check.equal(#tiny.list_dir("/proc/self/fd"), before, "open descriptors")

local release = tiny.read_file("/proc/sys/kernel/osrelease"):gsub("%s+$", "")
check.equal(host.kernel.release, release, "release")
check.equal(host.euid, tiny.getuid(), "euid")
check.equal(host.namespaces.pid, tiny.stat("/proc/self/ns/pid", { follow = false }) ~= nil, "pid namespaces")
check.equal(host.cgroup.mode == "none", #host.cgroup.mounts == 0, "no cgroup mounts")
for _, mount in ipairs(host.cgroup.mounts) do
  assert(tiny.stat(mount.path .. "/cgroup.procs"), mount.path .. " is no cgroup mount")
  for _, name in ipairs(mount.controllers) do
    if not name:find("^name=") then check.equal(host.cgroup.controllers[name] ~= nil, true, name) end
  end
end

local filesystems = tiny.read_file("/proc/filesystems")
check.equal(host.filesystems.tmpfs, filesystems:find("\ttmpfs\n", 1, true) ~= nil, "tmpfs")
check.equal(host.calls.clone3, true, "clone3, which every clone of this suite uses")

-- The reported capabilities match what this process can do.
local child <close> = tiny.fork(function()
  tiny.setuser(65534, { gid = 65534 })
  local less = tiny.probe()
  check.equal(less.euid, 65534)
  check.equal(#less.capabilities, 0, "capabilities of nobody")
end)
check.equal(child:wait(), 0)

check.refuses("takes at most 0 arguments: probe()", tiny.probe, {})
