-- CVE-2021-30465, CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2025-31133, CVE-2025-52565, CVE-2025-52881: a process that can write
-- to a root file system or to a volume replaces mount targets by links while containers are created; /dev/null, /dev/console and /proc
-- of an image are not what they seem.
local attack = require "oci_attack"
local check = require "check"
local hostile = require "oci_hostile"
local oci = require "oci_bundle"
local race = require "attack"

local ROUNDS = race.slow and 6 or 16
tiny.mkdir("/tmp/outside")
tiny.mkdir("/tmp/vol")
tiny.write_file("/tmp/vol/there", "volume")
local masked
for _, name in ipairs { "timer_list", "keys", "interrupts" } do masked = masked or (tiny.stat("/proc/" .. name) and name) end

-- What the container sees, if it could be started: its masked and read-only paths. Its /proc may be replaced while it looks.
local LOOK = ([[for p in /proc /proc.real; do cd $p 2>/dev/null && [ -d self ] && { [ -c %s ] || echo unmasked; (: >sys/kernel/core_pattern) 2>/dev/null && echo written; }
  cd /; done; true]]):format(masked)
local started, swaps = 0, 0
local function run(path)
  local result = oci.run { "run", "--bundle", path, "c" }
  if result.status ~= 0 then return hostile.sentence(result.err, "a race") end
  started = started + 1
  check.equal(result.out, "", "what the container sees")
end
local function untouched(about)
  check.equal(table.concat(tiny.list_dir("/tmp/outside"), " "), "", about .. ": made outside the root")
  check.equal(tiny.read_file "/tmp/vol/there", "volume", about)
end

-- A root file system that changes.
for _, case in ipairs { { "/mnt", "/mnt/in/x" }, { "/proc" }, { "/dev" }, { "/sys" }, { "/etc", "/etc/vol" } } do
  local name, volume = case[1], case[2] or "/mnt/v"
  local path = attack.bundle(LOOK, function(c, path)
    tiny.mkdir(path .. "/rootfs/mnt/in", { parents = true })
    attack.bind(c, "/tmp/vol", volume)
    c.linux.devices = { { path = "/mnt/null", type = "c", major = 1, minor = 3 } }
  end)
  for _, target in ipairs { "../../../../../tmp/outside", "/tmp/outside" } do
    local stop = race.loop(race.swap(path .. "/rootfs" .. name, target))
    for _ = 1, ROUNDS // 2 do run(path) end
    swaps = swaps + stop()
    os.execute(("cd %s/rootfs && [ -e .%s.real ] && { rm -rf .%s; mv .%s.real .%s; }"):format(path, name, name, name, name))
    untouched(name)
  end
end

-- A volume that two containers share: one mounts below a directory that the other one replaces (CVE-2021-30465).
tiny.mkdir("/tmp/shared/place", { parents = true })
local pod = attack.bundle(LOOK .. "; ls /shared/place/ 2>/dev/null | grep -q . || true", function(c)
  attack.bind(c, "/tmp/shared", "/shared")
  attack.bind(c, "/tmp/vol", "/shared/place/below")
  table.insert(c.mounts, { destination = "/shared/place", type = "tmpfs", source = "tmpfs", options = { "size=64k" } })
end)
for _, target in ipairs { "/", "../../../../../..", "/proc", "/tmp/outside" } do
  local stop = race.loop(race.swap("/tmp/shared/place", target))
  for _ = 1, ROUNDS // 2 do
    run(pod)
    local strange = check.mount_at "/tmp/outside"
    assert(not strange, "a mount on the host")
  end
  swaps = swaps + stop()
  os.execute("cd /tmp/shared && [ -e place.real ] && { rm -rf place; mv place.real place; }; rm -rf place/below")
  untouched "a shared volume"
end
print(("%d swaps; %d containers started all the same"):format(swaps, started))
assert(swaps > (race.slow and 100 or 1000) and started > 0, "no race was run")

-- The /dev of an image, below which nothing is mounted: its null device and console (CVE-2025-31133, CVE-2025-52565).
local SHOW = "for f in /proc/timer_list /proc/keys /proc/interrupts /proc/kcore; do [ -e $f ] && stat -c '%F %t:%T' $f && head -c 5 $f; done; true"
for about, prepare in pairs {
  plain = function(dev) tiny.write_file(dev .. "/null", "decoy") end,
  link = function(dev) tiny.symlink("/proc/sys/kernel/core_pattern", dev .. "/null") end,
  device = function(dev) tiny.mknod(dev .. "/null", "char", { major = 1, minor = 8 }) end,
  console = function(dev) tiny.symlink("/proc/sys/kernel/core_pattern", dev .. "/console") end,
} do
  local path = attack.bundle(SHOW, function(c, path)
    for i = #c.mounts, 1, -1 do
      if c.mounts[i].destination:match "^/dev" then table.remove(c.mounts, i) end
    end
    prepare(path .. "/rootfs/dev")
  end)
  local told = oci.succeeds { "run", "--bundle", path, "c" }.out
  local count = 0
  for line in told:gmatch("[^\n]+") do
    check.equal(line, "character special file 1:3", about)
    count = count + 1
  end
  assert(count > 1, about .. ": nothing is masked here")
end

-- A bind mount of the host's /dev keeps its nodes: nothing is created, replaced or removed there.
tiny.mkdir("/tmp/dev")
tiny.mknod("/tmp/dev/null", "char", { major = 1, minor = 3 })
tiny.mkdir("/tmp/dev/pts")
tiny.write_file("/tmp/dev/ptmx", "the host's")
tiny.mount_devpts("/tmp/dev/pts")
local hosts = attack.bundle("true", function(c)
  for i = #c.mounts, 1, -1 do
    if c.mounts[i].destination:match "^/dev" then table.remove(c.mounts, i) end
  end
  attack.bind(c, "/tmp/dev", "/dev")
  c.linux.devices = { { path = "/dev/fuse", type = "c", major = 10, minor = 229 } }
end)
oci.run { "run", "--bundle", hosts, "c" }
local left = tiny.list_dir "/tmp/dev"
table.sort(left)
check.equal(table.concat(left, " "), "null ptmx pts")
check.equal(tiny.read_file "/tmp/dev/ptmx", "the host's")

-- What is mounted for a container does not reach the host, even below a shared mount.
tiny.mkdir("/tmp/busy")
tiny.mount_tmpfs("/tmp/busy")
tiny.mount_propagation("/tmp/busy", "shared")
local before = #tiny.mounts()
local path = attack.bundle("mount -t tmpfs x /tmp; mount | grep -c .; sleep 1000", function(c, path)
  tiny.copy_tree(path .. "/rootfs", "/tmp/busy/rootfs")
  c.root.path = "/tmp/busy/rootfs"
  attack.add_capability(c, "CAP_SYS_ADMIN")
end)
local created = oci.succeeds { "create", "--bundle", path, "c" }
check.equal(#tiny.mounts(), before, "the mounts of the host after create")
oci.succeeds { "start", "c" }
oci.eventually(function() return created.read():match "%d" end)
check.equal(#tiny.mounts(), before, "the mounts of the host after a mount inside")
hostile.delete()
oci.nothing()
