-- doctor: judges what `tiny.probe` found on this host. Each finding has a name, a state ("ok", "loadable", "missing",
-- "unknown"), a detail, whether containers cannot run without it, its purpose and its fix.
local doctor = {}

local function state_of(value)
  if value == nil then return "unknown" end
  return value == "module" and "loadable" or value and "ok" or "missing"
end

local NAMESPACES = {
  { "pid", "PID_NS", true }, { "mount", "NAMESPACES", true, "mnt" }, { "uts", "UTS_NS", true }, { "ipc", "IPC_NS", true },
  { "net", "NET_NS", false }, { "user", "USER_NS", false }, { "cgroup", "CGROUPS", false }, { "time", "TIME_NS", false },
}

local CONTROLLERS = {
  { "memory", "memory limits" }, { "cpu", "CPU limits" }, { "pids", "process limits" },
  { "cpuset", "binding to CPUs" }, { "freezer", "pausing" }, { "io", "disk limits", "blkio" },
}

-- Whether this user may create containers, and how to allow it.
local function rights(host, report)
  local caps, users = {}, host.userns
  for _, name in ipairs(host.capabilities) do caps[name] = true end
  local fix = "run as root"
  if users.forbidden_by then
    local value = users.forbidden_by:find("restrict") and "0" or users.forbidden_by:find("max_") and "10000" or "1"
    fix = ("run as root, or: sysctl -w %s=%s"):format(users.forbidden_by, value)
  end
  report {
    "privileges", caps.CAP_SYS_ADMIN or users.unprivileged, essential = true, fix = fix, purpose = "creating namespaces",
    detail = caps.CAP_SYS_ADMIN and "CAP_SYS_ADMIN" or "user namespaces of user " .. host.euid,
  }
  if caps.CAP_SYS_ADMIN then
    report { "CAP_SYS_RESOURCE", caps.CAP_SYS_RESOURCE or false, purpose = "raising hard resource limits",
      fix = "start tinylua with this capability, or use limits below the caller's" }
  end
  return caps.CAP_SYS_ADMIN
end

local function kernel(host, report)
  local calls, release = host.calls, host.kernel.release
  local enough = calls.clone3 and calls.pidfd and calls.openat2 and calls.mount_api and calls.mount_setattr and calls.close_range
  report { "kernel", enough, essential = true, detail = release, purpose = "clone3, pidfds, openat2 and the mount calls",
    fix = "run kernel 5.12 or newer, and let an outer container's seccomp filter pass these calls" }
  report { "exit status by pidfd", calls.pidfd_exit_status, purpose = "the exit status when a supervisor was killed",
    fix = "run kernel 6.15 or newer; older ones report that status as unknown" }
  for _, ns in ipairs(NAMESPACES) do
    report { ns[1] .. " namespaces", host.namespaces[ns[1]], essential = ns[3], purpose = "isolation",
      fix = ("sysctl -w user.max_%s_namespaces=10000, or a kernel with CONFIG_%s"):format(ns[4] or ns[1], ns[2]) }
  end
  report { "overlay", host.filesystems.overlay, purpose = "image layers, and changes on top of a read-only rootfs",
    fix = host.filesystems.overlay and "modprobe overlay" or "a kernel with CONFIG_OVERLAY_FS" }
  report { "seccomp", host.security.seccomp, purpose = "filtering system calls", fix = "a kernel with CONFIG_SECCOMP_FILTER" }
  report { "landlock", host.security.landlock > 0, purpose = "restricting file access", detail = "ABI " .. host.security.landlock,
    fix = "a kernel with CONFIG_SECURITY_LANDLOCK and landlock in the boot option lsm=" }
end

-- A controller that exists but is not delegated to this process counts as present.
local function usable(host, name)
  for _, mount in ipairs(host.cgroup.mounts) do
    for _, controller in ipairs(mount.controllers) do
      if controller == name and (mount.writable or mount.delegated) then return true end
    end
  end
  return false
end

local function cgroups(host, report)
  local cgroup = host.cgroup
  report { "cgroups", cgroup.mode ~= "none", purpose = "limits and statistics", detail = cgroup.mode,
    fix = "mount -t cgroup2 cgroup2 /sys/fs/cgroup" }
  for _, c in ipairs(CONTROLLERS) do
    local name = cgroup.controllers[c[1]] and c[1] or c[3] or c[1]
    local version = cgroup.controllers[name]
    local built_in = c[1] == "freezer" and cgroup.mode == "v2" and #cgroup.mounts > 0
    local fix = version and "run as root, or start in a delegated cgroup: systemd-run --user --scope -p Delegate=yes tinylua …"
      or ("boot without cgroup_disable=%s, or a kernel with this controller"):format(c[1])
    report { name .. " controller", built_in or (version ~= nil and usable(host, name)), purpose = c[2], detail = version, fix = fix }
  end
  report { "swap accounting", cgroup.swap, purpose = "limiting swap with memory", fix = "boot with swapaccount=1" }
  report { "pressure", cgroup.pressure, purpose = "pressure events", fix = "boot with psi=1" }
end

local function network(host, report)
  local net = host.network
  report { "nftables", net.nftables, purpose = "NAT and published ports",
    fix = net.nftables and "modprobe nf_tables" or "a kernel with CONFIG_NF_TABLES" }
  report { "bridge", net.bridge, purpose = "networks of several containers", fix = "modprobe bridge" }
  report { "veth", net.veth, purpose = "a container's link to the host", fix = "modprobe veth" }
  report { "ip_forward", true, purpose = "packets between containers and other hosts",
    detail = net.ip_forward and "on" or "off; tinylua turns it on while a container uses a network" }
  local refused = net.nftables and require "tiny.egress.probe"()
  report { "egress rules", net.nftables and not refused or false, purpose = "--egress" .. (refused and ": " .. refused or ""),
    fix = "a kernel with CONFIG_NF_TABLES_INET, NFT_CT, NFT_LOG, NFT_LIMIT, NFT_REJECT, NFT_FIB_INET, NFT_NAT and NFT_MASQ" }
  report { "netem", net.netem, purpose = "--net-delay and --net-loss", fix = "a kernel with CONFIG_NET_SCH_NETEM" }
  if host.forward then report(require("tiny.net.forward").judge(host.forward)) end
  report { "tun", net.tun, purpose = "rootless networking", fix = "modprobe tun" }
  report { "fuse", net.fuse, purpose = "rootless file systems", fix = "modprobe fuse" }
end

-- Collects facts about this host: what the kernel offers, and firewall rules of other programs.
function doctor.look()
  local host = tiny.probe()
  host.forward = require("tiny.net.forward").look()
  return host
end

-- The list of findings about a host (`doctor.look()`), and whether containers can run on it.
function doctor.examine(host)
  local findings, able = {}, true
  local function report(finding)
    local name, value = finding[1], finding[2]
    local state = state_of(value)
    local essential = finding.essential or false
    if essential and state ~= "ok" then able = false end
    table.insert(findings, {
      name = name, state = state, essential = essential, purpose = finding.purpose, detail = finding.detail,
      fix = state ~= "ok" and finding.fix or nil,
    })
  end
  kernel(host, report)
  if rights(host, report) then
    cgroups(host, report)
    network(host, report)
  else
    require("tiny.inspect.doctor_user")(host, report)
  end
  return findings, able
end

return doctor
