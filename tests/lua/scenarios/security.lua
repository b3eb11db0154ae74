-- The default confinement of a container, and the options that relax it, for run and exec alike; nothing is started
-- with partial confinement.
local check = require "check"

local function inside(...)
  return (check.succeeds("run", "--rm", ...):gsub("\n$", ""))
end

local function refused(text, ...)
  local result = check.run { "run", ... }
  check.equal(result.err, "tinylua: " .. text .. "\n")
  check.equal(result.status, 125)
  check.no_container()
end

local STATUS = { "grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status" }
local function facts(text)
  local found = {}
  for key, value in text:gmatch("(%w+):%s*(%x+)") do found[key] = value:gsub("^0+(.)", "%1") end
  return ("%s %s %s %s %s, %s %s"):format(found.CapInh, found.CapPrm, found.CapEff, found.CapBnd, found.CapAmb, found.NoNewPrivs, found.Seccomp)
end
local function of(...)
  local words = { ... }
  return facts(inside(table.unpack(table.move(STATUS, 1, #STATUS, #words + 1, words))))
end
local function bits(...)
  local mask = 0
  for _, number in ipairs { ... } do mask = mask | 1 << number end
  return ("%x"):format(mask)
end
-- CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP
local DEFAULT = bits(0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 31)
local function root(mask, rest) return ("0 %s %s %s 0, %s"):format(mask, mask, mask, rest or "1 2") end
check.equal(of(), root(DEFAULT))
check.equal(of("--init"), root(DEFAULT))
check.equal(of("-u", "nobody"), ("0 0 0 %s 0, 1 2"):format(DEFAULT))
check.equal(of("--cap-drop", "ALL"), root("0"))
check.equal(of("--cap-drop", "all", "--cap-add", "net_raw", "--cap-add", "CAP_CHOWN"), root(bits(0, 13)))
check.equal(of("--cap-drop", "kill"), root(("%x"):format(tonumber(DEFAULT, 16) & ~(1 << 5))))
check.equal(of("--cap-drop", "ALL", "--cap-add", "NET_RAW", "-u", "nobody"), ("%s %s %s %s %s, 1 2"):format(bits(13), bits(13), bits(13), bits(13), bits(13)))
check.equal(of("--security-opt", "seccomp=unconfined"), root(DEFAULT, "1 0"))
check.equal(of("--security-opt", "no-new-privileges:false"), root(DEFAULT, "0 2"))
check.equal(of("--security-opt", "no-new-privileges", "--security-opt", "apparmor=unconfined", "--security-opt", "label=disable"), root(DEFAULT))
check.equal(of("--init", "--security-opt", "no-new-privileges=false"), root(DEFAULT, "0 2"))
check.equal(of("--security-opt", "no-new-privileges:false", "-u", "nobody"), ("0 0 0 %s 0, 0 2"):format(DEFAULT))
local every = ("%x"):format(tonumber(tiny.read_file("/proc/self/status"):match("CapBnd:%s*(%x+)"), 16))
check.equal(of("--privileged"), root(every, "0 0"))
check.equal(of("--cap-add", "ALL"), root(every, "1 2"))

-- exec has the same, and so does tinylua's PID 1 next to the program.
check.succeeds("run", "-d", "--name", "c", "--init", "--cap-drop", "KILL", "--group-add", "1234", "--group-add", "tty", "sleep", "100")
local status = check.succeeds("exec", "c", table.unpack(STATUS))
check.equal(facts(status), root(("%x"):format(tonumber(DEFAULT, 16) & ~(1 << 5))))
check.equal(facts(check.succeeds("exec", "c", "grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/1/status")), facts(status))
check.equal(check.succeeds("exec", "c", "sh", "-c", "id -G; cat /proc/1/status | grep Groups"), "0 5 1234\nGroups:\t5 1234 \n")
check.equal(check.succeeds("exec", "-u", "nobody", "c", "id", "-G"), "65534 5 1234\n")
check.succeeds("rm", "-f", "c")
local nobody = check.run { "run", "--group-add", "no-such-group", "true" }
check.equal(nobody.status, 125)
check.equal(nobody.err:match(": (step rootfs: .*)$"), 'step rootfs: group_add: no group "no-such-group" in the rootfs\'s /etc/group\n  hint: a numeric id needs no entry\n')
check.no_container()

-- What is visible in /proc and /sys. No kernel has all of it, so the lists are checked too.
do
  local policy = require "tiny.pipeline.security"
  check.equal(table.concat(policy.masked.proc, " "), "acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats")
  check.equal(table.concat(policy.masked.sys, " "), "dev/block devices/virtual/powercap firmware fs/selinux")
  check.equal(table.concat(policy.readonly, " "), "bus fs irq sys sysrq-trigger")
end
check.equal(inside("sh", "-c", "for f in kcore keys timer_list interrupts; do [ -e /proc/$f ] && head -c1 /proc/$f; done; ls -A /proc/acpi /proc/scsi /sys/firmware 2>/dev/null | grep -v :; true"), "")
for _, path in ipairs { "/proc/sys/kernel/core_pattern", "/proc/sys/vm/swappiness", "/proc/sysrq-trigger", "/sys/kernel/mm/ksm/run", "/proc/irq/default_smp_affinity" } do
  if tiny.stat(path) then
    check.equal(inside("sh", "-c", ("(: >%s) 2>/dev/null || echo no"):format(path)), "no", path)
  end
end
assert(inside("--privileged", "sh", "-c", "wc -c </proc/timer_list; grep -c ' /proc/' /proc/self/mountinfo || true"):match("\n0$"))

-- Its own part of the cgroups, read-only, if that is one hierarchy.
local top = check.mount_at("/sys/fs/cgroup")
if top and top.fstype == "cgroup2" then
  check.equal(inside("sh", "-c", "grep -c . /sys/fs/cgroup/cgroup.procs; mkdir /sys/fs/cgroup/x 2>/dev/null || echo no"), "2\nno")
end

-- Calls: those that are not listed fail; a custom profile in Docker's format; it stays as it was.
if tiny.probe().kernel.machine == "x86_64" then check.equal(inside("perl", "-e", 'my $f = "/nofile"; print syscall(163, $f) == -1 ? $!+0 : 0'), "1", "acct") end
tiny.write_file("profile.json", [[{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": [ "SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64" ],
  "syscalls": [ { "names": [ "mkdir", "mkdirat" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 28 },
    { "names": [ "sync" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 28, "excludes": { "caps": [ "CAP_KILL" ] } } ] }]])
local TRY = "mkdir /x 2>&1 | grep -o 'No space' || echo made"
check.equal(inside("--security-opt", "seccomp=profile.json", "sh", "-c", TRY), "No space")
check.succeeds("run", "-d", "--name", "c", "--security-opt", "seccomp=profile.json", "sleep", "100")
tiny.write_file("profile.json", [[{ "defaultAction": "SCMP_ACT_ALLOW" }]])
check.equal(check.succeeds("exec", "c", "sh", "-c", TRY), "No space\n")
tiny.remove("profile.json")
check.equal(check.succeeds("exec", "c", "sh", "-c", TRY), "No space\n")
local again = check.run { "restart", "-t", "0", "c" }
check.equal(again.status, 1)
assert(again.err:match("security_opt: seccomp: no such file: /tmp/profile.json"), again.err)
check.succeeds("rm", "-f", "c")
tiny.write_file("profile.json", [[{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [ { "names": [ "mkdir" ], "action": "SCMP_ACT_EROR" } ] }]])
refused('security_opt: seccomp: /tmp/profile.json: profile.syscalls[1].action: there is no action "SCMP_ACT_EROR"; did you mean "SCMP_ACT_ERRNO"?',
  "--security-opt", "seccomp=profile.json", "true")
tiny.write_file("profile.json", "{")
local broken = check.run { "run", "--security-opt", "seccomp=profile.json", "true" }
check.equal(broken.status, 125)
assert(broken.err:match("^tinylua: security_opt: seccomp: /tmp/profile.json is not a JSON object: "), broken.err)

-- The compiled filter is cached. One that was compiled from something else is not used.
local kept = check.root .. "/seccomp"
for _, name in ipairs(tiny.list_dir(kept)) do tiny.write_file(kept .. "/" .. name, "made by somebody else\0" .. ("\0"):rep(80)) end
check.equal(of(), root(DEFAULT))

-- Devices and settings; of a device, only the requested access.
for access, wanted in pairs { r = "1:b\nno", rw = "1:b\nyes", [""] = "1:b\nyes" } do
  local device = "/dev/kmsg:/dev/deep/other" .. (access ~= "" and ":" .. access or "")
  check.equal(inside("--device", device, "sh", "-c", "stat -c %t:%T /dev/deep/other; (: >>/dev/deep/other) 2>/dev/null && echo yes || echo no"), wanted, device)
end
check.equal(inside("--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "kernel.shmmax=12345678", "sh", "-c", "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax"), "1\n12345678")
check.equal(tiny.sysctl("kernel.shmmax") ~= "12345678", true)
-- Also in place of one that every container has.
check.equal(inside("--device", "/dev/zero:/dev/null:rwm", "sh", "-c", "head -c 3 /dev/null | wc -c"), "3", "another device as /dev/null")
refused('devices: "/dev/no": /dev/no does not exist on the host', "--device", "/dev/no", "true")
refused('devices: "/dev/null:/dev/x:rx": the access "rx" may contain only r, w and m', "--device", "/dev/null:/dev/x:rx", "true")
refused('devices: "dev/null": the path must begin with /\n  hint: HOST[:CONTAINER[:rwm]], for example /dev/fuse', "--device", "dev/null", "true")
refused('devices: "/dev/null:/dev/../x": the path contains ..', "--device", "/dev/null:/dev/../x", "true")
local OWN = "\n  hint: a container may set net.*, fs.mqueue.* and kernel.msg*, sem, shm*"
refused("sysctls: vm.swappiness applies to the whole machine, not to a container" .. OWN, "--sysctl", "vm.swappiness=1", "true")
refused("sysctls: kernel.core_pattern applies to the whole machine, not to a container" .. OWN, "--sysctl", "kernel/core_pattern=|/x", "true")
refused("sysctls: net.ipv4.ip_forward needs a network namespace of the container's own", "--network", "host", "--sysctl", "net.ipv4.ip_forward=1", "true")
refused('sysctls: "net/../vm/swappiness=1" is not KEY=VALUE\n  hint: such as net.ipv4.ip_unprivileged_port_start=0', "--sysctl", "net/../vm/swappiness=1", "true")

-- Invalid values.
refused('cap_add: there is no capability "NET_RAWW"; did you mean "CAP_NET_RAW"?', "--cap-add", "NET_RAWW", "true")
refused("cap_add: CAP_KILL is also in cap_drop", "--cap-add", "kill", "--cap-drop", "KILL", "true")
refused('security_opt: unknown option "secomp"; did you mean "seccomp"?\n  hint: the options are seccomp=FILE|unconfined, no-new-privileges[:false], apparmor=unconfined and label=disable',
  "--security-opt", "secomp=x", "true")
refused('security_opt: "apparmor=docker-default": labels of security modules are not supported\n  hint: only apparmor=unconfined is accepted', "--security-opt", "apparmor=docker-default", "true")
refused('security_opt: "no-new-privileges:maybe": "maybe" is not true or false', "--security-opt", "no-new-privileges:maybe", "true")

-- A step that fails ends the start: in this test no program can restrict devices, on either cgroup version.
check.inside({ mount = true }, function()
  tiny.mount_private("/")
  local gone = 0
  -- A mount at the top covers the other mount points.
  for _, mount in ipairs(tiny.mounts()) do
    local decides = mount.fstype == "cgroup2" or (mount.fstype == "cgroup" and mount.super_options:match("devices"))
    if decides then
      tiny.umount(mount.target)
      gone = gone + 1
    end
  end
  assert(gone > 0, "nothing restricts devices on this host")
  local result, others = check.run { "run", "--rm", "true" }, false
  for _, mount in ipairs(tiny.mounts()) do others = others or mount.fstype:find("^cgroup") ~= nil end
  -- Version 2 has one hierarchy for everything: without it there is no cgroup at all, and a container that asks for nothing of
  -- it needs none.
  if not others then
    check.equal(result.status, 0, result.err)
    result = check.run { "run", "--device", "/dev/null:/dev/other", "true" }
  end
  check.equal(result.status, 125, result.out)
  assert(result.err:match("step cgroup: [^\n]*ENODEV"), result.err)
end)
-- A step of the recipe in place of the shipped one, and closures around it.
tiny.write_file("r.lua", [[return require("tiny.container").new { command = { "grep", "CapEff", "/proc/self/status" }, cap_add = { "net_raw" },
  after = { security = function() assert(not tiny.try(tiny.mount_tmpfs, "/mnt")) end } }]])
check.equal(inside("r.lua"), ("CapEff:\t%016x"):format(tonumber(DEFAULT, 16) | 1 << 13))
check.no_container()
