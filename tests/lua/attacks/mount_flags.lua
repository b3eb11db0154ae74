-- The flags of a container's mounts. Device nodes work only in /dev, with and without rules of the cgroup. Programs in
-- /dev, /dev/shm, /proc and /sys cannot be executed. setuid files are effective only in the root.
local attack = require "attack"
local check = require "check"

-- The /tmp of a private host is restricted, and so would be mounts bound from there.
local plain <close> = tiny.mount_tmpfs("/tmp/plain", { create = true })
local root = attack.rootfs("/tmp/plain/root")
for _, folder in ipairs { "/tmp/plain/vol", root .. "/vol", root .. "/scratch" } do tiny.mkdir(folder) end

local DATA = "nosuid nodev noexec"
-- By mount point, the most specific first.
local WANT = {
  { "^/dev$", "nosuid noexec" }, { "^/dev/pts$", "nosuid noexec" }, { "^/dev/console$", "nosuid noexec" },
  { "^/dev/shm$", DATA }, { "^/dev/mqueue$", DATA }, { "^/dev/", "nosuid noexec" },
  -- For a masked file, the mount is that of /dev/null.
  { "^/proc$", DATA }, { "^/proc/", "nosuid noexec" }, { "^/sys", DATA }, { "^/etc/", DATA },
  { "^/vol$", "nosuid nodev" }, { "^/scratch$", DATA }, { "^/$", "nodev" },
}

local function wanted(path)
  for _, rule in ipairs(WANT) do
    if path:match(rule[1]) then return rule[2] end
  end
  error("an unexpected mount: " .. path)
end

local function flags(...)
  local seen = {}
  for path, has in check.succeeds("run", "--rm", "--rootfs", root, ...):gmatch("%S+ %S+ %S+ %S+ (%S+) (%S+)[^\n]*\n") do
    for flag in wanted(path):gmatch("%a+") do
      if not ("," .. has .. ","):find("," .. flag .. ",", 1, true) then error(("%s is not %s: %s"):format(path, flag, has)) end
    end
    seen[path] = true
  end
  for _, path in ipairs { "/", "/dev", "/dev/shm", "/dev/pts", "/dev/mqueue", "/proc", "/sys" } do assert(seen[path], path) end
  return seen
end
local MOUNTS = { "cat", "/proc/self/mountinfo" }
local seen = flags("-v", "/tmp/plain/vol:/vol", "--tmpfs", "/scratch", table.unpack(MOUNTS))
assert(seen["/vol"] and seen["/scratch"])
flags("--read-only", table.unpack(MOUNTS))
if check.start == tiny.fork and attack.maps_ids(root) then flags("--userns", "auto", table.unpack(MOUNTS)) end

-- The flags are effective: a program in /dev/shm or /dev cannot be executed, one in the root can.
local script = "for f in /dev/shm /dev /root; do cp /bin/busybox $f && $f/busybox true 2>/dev/null && echo ran $f; done"
check.equal(check.succeeds("run", "--rm", "--rootfs", root, "--tmpfs", "/root:exec", "sh", "-c", script .. "; true"), "ran /root\n")
-- The throwaway view of the host has the same /dev.
check.equal(check.succeeds("run", "--rm", "sh", "-c", "cp /bin/true /dev/shm/b && /dev/shm/b 2>/dev/null; echo $?; grep -c ' /dev/shm .*nosuid' /proc/self/mountinfo"), "126\n1\n")
check.no_container()
