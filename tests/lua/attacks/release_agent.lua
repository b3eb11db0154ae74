-- CVE-2022-0492: root in a container mounts a cgroup hierarchy, if necessary in a new user namespace, and sets a
-- release agent that the host then executes.
local check = require "check"

-- Opening the file for writing counts as success: a write would affect the whole machine.
local SCRIPT = [[
  mkdir -p /cg; got=
  for how in "mount -t cgroup -o memory x /cg" "mount -t cgroup -o rdma x /cg" "mount -t cgroup2 x /cg" \
    "unshare -Urm --propagation private mount -t cgroup -o memory x /cg" "unshare -UrmC mount -t cgroup2 x /cg" \
    "unshare -m true" "unshare -Ur true" "nsenter -t 1 -m true" "mount -o remount,rw /sys" "umount /proc/sys"; do
    $how 2>/dev/null && got="$got [$how]"; done
  for f in $(find /sys /proc/sys/kernel -name release_agent -o -name core_pattern -o -name uevent_helper -o -name modprobe 2>/dev/null); do
    (: >$f) 2>/dev/null && got="$got [$f]"; done
  find / -xdev -name release_agent 2>/dev/null
  echo "got:$got"]]
local run = check.succeeds("run", "--rm", "sh", "-c", SCRIPT)
check.equal(run, "got:\n")
check.succeeds("run", "-d", "--name", "c", "sleep", "100")
check.equal(check.succeeds("exec", "c", "sh", "-c", SCRIPT), "got:\n")
-- The filter and the capabilities protect together; each is sufficient alone.
check.equal(check.succeeds("run", "--rm", "--security-opt", "seccomp=unconfined", "sh", "-c", "mount -t tmpfs x /mnt 2>/dev/null || echo no"), "no\n")
check.equal(check.succeeds("run", "--rm", "--security-opt", "seccomp=unconfined", "sh", "-c", "umount /proc/sys 2>/dev/null || echo no"), "no\n")
-- With the restrictions relaxed by name, the attack succeeds: it is a real one.
check.equal(check.succeeds("run", "--rm", "--privileged", "sh", "-c", "mount -t tmpfs x /mnt && echo yes"), "yes\n")
check.succeeds("rm", "-f", "c")
check.no_container()
