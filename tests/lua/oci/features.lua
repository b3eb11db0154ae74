-- features: what this runtime says that it supports (features.md, features-linux.md) is what it takes.
local check = require "check"
local oci = require "oci_bundle"

local shown = tiny.json_decode(oci.succeeds({ "features" }).out)
local linux = shown.linux

local function has(list, ...)
  for _, want in ipairs { ... } do
    local found = false
    for _, name in ipairs(list) do found = found or name == want end
    if not found then error("no " .. want .. " in " .. table.concat(list, " "), 2) end
  end
end

check.equal(shown.ociVersionMin .. " " .. shown.ociVersionMax, "1.0.0 1.3.0")
has(shown.hooks, "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
has(shown.potentiallyUnsafeConfigAnnotations, "org.tinylua.recipe")
check.equal(type(shown.annotations["org.tinylua.version"]), "string")
has(linux.namespaces, "cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts")
has(linux.capabilities, "CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_AUDIT_READ")
for _, name in ipairs { "v1", "v2", "rdma", "systemd", "systemdUser" } do check.equal(linux.cgroup[name], true, name) end
has(linux.seccomp.actions, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP")
has(linux.seccomp.operators, "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE")
has(linux.seccomp.archs, "SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64")
has(linux.seccomp.knownFlags, "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")
has(linux.seccomp.knownFlags, table.unpack(linux.seccomp.supportedFlags))
check.equal(linux.seccomp.enabled and linux.apparmor.enabled and linux.selinux.enabled, true)
check.equal(linux.intelRdt.enabled and linux.intelRdt.schemata and linux.intelRdt.monitoring, true)
has(linux.memoryPolicy.modes, "MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY",
  "MPOL_WEIGHTED_INTERLEAVE")
has(linux.memoryPolicy.flags, "MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES", "MPOL_F_NUMA_BALANCING")
check.equal(linux.mountExtensions.idmap.enabled, true, "without it kubelet refuses hostUsers: false")
check.equal(linux.netDevices.enabled, true)

-- The options of mounts that config.md lists.
has(shown.mountOptions, table.unpack((function()
  local names = {}
  for name in ([[acl async atime bind defaults dev diratime dirsync exec idmap iversion lazytime loud mand noacl noatime nodev nodiratime noexec noiversion
    nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime relatime remount rexec ridmap rnoatime rnodev
    rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow
    runbindable rw shared silent slave strictatime suid symfollow sync tmpcopyup unbindable]]):gmatch "%S+" do table.insert(names, name) end
  return names
end)()))
-- Each is taken by a tmpfs, or is one of those that only another kind of mount or file system has.
local OTHERS = { remount = true, idmap = true, ridmap = true, bind = true, rbind = true, iversion = true, noacl = true }
for _, option in ipairs(shown.mountOptions) do
  if not OTHERS[option] then
    check.equal(oci.output("echo " .. option, function(config)
      table.insert(config.mounts, { destination = "/mnt", type = "tmpfs", source = "tmpfs", options = { option } })
    end), option)
  end
end

-- Both versions that it names are taken.
for _, version in ipairs { shown.ociVersionMin, shown.ociVersionMax } do
  check.equal(oci.output("echo " .. version, function(config) config.ociVersion = version end), version)
end
