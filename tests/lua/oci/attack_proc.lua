-- CVE-2019-19921, CVE-2025-52881: the /proc of a container is its own invention, so that what the runtime writes there goes elsewhere.
-- CVE-2022-0492: release agents. And files of the image that the runtime reads: endless, or a FIFO.
local attack = require "oci_attack"
local check = require "check"
local hostile = require "oci_hostile"
local oci = require "oci_bundle"
local race = require "attack"

-- A decoy instead of /proc: what the runtime sets is set in the kernel, and the decoy stays.
tiny.mkdir("/tmp/decoy/self/attr", { parents = true })
tiny.mkdir("/tmp/decoy/sys/net/ipv4", { parents = true })
local DECOYS = { "self/oom_score_adj", "sys/net/ipv4/ip_forward", "self/attr/exec", "self/setgroups" }
for _, name in ipairs(DECOYS) do tiny.write_file("/tmp/decoy/" .. name, "decoy") end
local function untouched(about)
  for _, name in ipairs(DECOYS) do check.equal(tiny.read_file("/tmp/decoy/" .. name), "decoy", about .. ": " .. name) end
end
local function settings(config)
  config.process.oomScoreAdj = 77
  config.linux.sysctl = { ["net.ipv4.ip_forward"] = "1" }
  config.hostname, config.domainname = "one", "two"
end
local function told(change)
  local path = attack.bundle("sleep 1000", change)
  oci.succeeds { "create", "--bundle", path, "c" }
  local pid = oci.state("c").pid
  check.equal(tiny.read_file(("/proc/%d/oom_score_adj"):format(pid)), "77\n")
  oci.succeeds { "start", "c" }
  oci.run { "exec", "c", "true" }
  untouched "a decoy"
  return pid
end
told(function(c)
  settings(c)
  table.remove(c.mounts, 1)
  attack.bind(c, "/tmp/decoy", "/proc")
  c.linux.maskedPaths, c.linux.readonlyPaths = nil, nil
end)
hostile.delete()
-- Mounted over the real one.
told(function(c)
  settings(c)
  attack.bind(c, "/tmp/decoy", "/proc")
  c.linux.maskedPaths, c.linux.readonlyPaths = nil, nil
end)
hostile.delete()
-- By the container itself, before exec.
local _, created = attack.start("c", "mkdir /real && mount --bind /proc /real && mount --bind /decoy /proc && echo ready; sleep 1000", function(c)
  settings(c)
  attack.bind(c, "/tmp/decoy", "/decoy")
  attack.add_capability(c, "CAP_SYS_ADMIN")
end)
oci.eventually(function() return created.read() == "ready\n" end, "the decoy")
check.equal(oci.succeeds({ "exec", "c", "cat", "/real/self/oom_score_adj" }).out, "77\n")
untouched "exec"
hostile.delete()
-- As a link that appears and disappears.
local path = attack.bundle("cat /proc/self/oom_score_adj", function(c, path)
  settings(c)
  tiny.mkdir(path .. "/rootfs/decoy/self", { parents = true })
  tiny.write_file(path .. "/rootfs/decoy/self/oom_score_adj", "decoy")
end)
local stop = race.loop(race.swap(path .. "/rootfs/proc", "/decoy"))
for _ = 1, race.slow and 6 or 20 do
  local result = oci.run { "run", "--bundle", path, "c" }
  -- While its program looks, /proc may be the link, or nothing.
  if result.status == 0 then assert(result.out == "77\n" or result.out == "decoy", result.out)
  elseif not result.err:match "^cat: /proc/self/oom_score_adj" then hostile.sentence(result.err, "a race") end
end
local swaps = stop()
assert(swaps > 100, swaps)
check.equal(tiny.read_file(path .. "/rootfs/decoy/self/oom_score_adj"), "decoy")

-- Release agents and the like: opening such a file for writing counts as success.
local SCRIPT = [[
  mkdir -p /cg; got=
  for how in "mount -t cgroup -o memory x /cg" "mount -t cgroup -o rdma x /cg" "mount -t cgroup2 x /cg" \
    "unshare -Urm mount -t cgroup -o memory x /cg" "unshare -m true" "nsenter -t 1 -m true" "mount -o remount,rw /sys" "mount -o remount,rw /sys/fs/cgroup" \
    "umount /proc/sys" "umount /proc/keys"; do
    $how 2>/dev/null && got="$got [$how]"; done
  for f in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/release_agent /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger /sys/kernel/uevent_helper; do
    [ -e $f ] && (: >$f) 2>/dev/null && got="$got [$f]"; done
  echo "got:$got"]]
check.equal(oci.succeeds({ "run", "--bundle", attack.bundle(SCRIPT), "c" }).out, "got:\n")
attack.start("c", "sleep 1000")
check.equal(oci.succeeds({ "exec", "c", "sh", "-c", SCRIPT }).out, "got:\n")
hostile.delete()
-- With the capability, mounting succeeds: the attempt is a real one.
local free = attack.bundle("mkdir /cg; mount -t tmpfs x /cg && echo yes", function(c) attack.add_capability(c, "CAP_SYS_ADMIN") end)
check.equal(oci.succeeds({ "run", "--bundle", free, "c" }).out, "yes\n")

-- The passwd and group files of an image: a FIFO that nobody writes, a device, a file without end, a link to the host.
tiny.write_file("/tmp/secret-passwd", "root:x:0:0::/host-home:/bin/sh\n")
for about, make in pairs {
  fifo = function(etc) tiny.mknod(etc .. "/passwd", "fifo") end,
  endless = function(etc) tiny.symlink("/dev/zero", etc .. "/passwd") end,
  huge = function(etc) os.execute(("truncate -s 1T %s/passwd"):format(etc)) end,
  folder = function(etc) tiny.mkdir(etc .. "/passwd") end,
  host = function(etc) tiny.symlink("/../../../tmp/secret-passwd", etc .. "/passwd") end,
  loop = function(etc) tiny.symlink("passwd", etc .. "/passwd") end,
} do
  local bundle = attack.bundle("echo $HOME", function(_, path)
    tiny.try(tiny.remove, path .. "/rootfs/etc/passwd")
    make(path .. "/rootfs/etc")
  end)
  local started = tiny.clock "monotonic"
  local result = oci.run { "run", "--bundle", bundle, "c" }
  assert(tiny.clock "monotonic" - started < 20, about .. ": it hangs")
  if result.status ~= 0 then hostile.sentence(result.err, about) end
  assert(not result.out:find "host%-home", about .. ": " .. result.out)
end
oci.nothing()
