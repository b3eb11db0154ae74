-- A configuration to start from: a shell in the directory rootfs of the bundle.
local CAPABILITIES = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" }

local function mount(target, kind, source, ...) return { destination = target, type = kind, source = source, options = { ... } } end

return function(rootless)
  local spaces = { { type = "pid" }, { type = "network" }, { type = "ipc" }, { type = "uts" }, { type = "mount" }, { type = "cgroup" } }
  local config = {
    ociVersion = tiny.settings.spec_version,
    process = {
      terminal = true, user = { uid = 0, gid = 0 }, args = { "sh" }, cwd = "/", noNewPrivileges = true,
      env = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm" },
      capabilities = { bounding = CAPABILITIES, effective = CAPABILITIES, permitted = CAPABILITIES },
      rlimits = { { type = "RLIMIT_NOFILE", hard = 1024, soft = 1024 } },
    },
    root = { path = "rootfs", readonly = true },
    hostname = "tinylua",
    mounts = {
      { destination = "/proc", type = "proc", source = "proc", options = { "nosuid", "noexec", "nodev" } },
      mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
      mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
        not rootless and "gid=5" or nil),
      mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
      mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
      { destination = "/sys", type = "sysfs", source = "sysfs", options = { "nosuid", "noexec", "nodev", "ro" } },
      { destination = "/sys/fs/cgroup", type = "cgroup", source = "cgroup", options = { "nosuid", "noexec", "nodev", "relatime", "ro" } },
    },
    linux = {
      resources = not rootless and { devices = { { allow = false, access = "rwm" } } } or nil,
      namespaces = spaces,
      maskedPaths = {
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
        "/proc/scsi",
        "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
      },
      readonlyPaths = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" },
    },
  }
  if rootless then
    table.insert(spaces, { type = "user" })
    config.linux.uidMappings = { { containerID = 0, hostID = tiny.getuid(), size = 1 } }
    config.linux.gidMappings = { { containerID = 0, hostID = tiny.getgid(), size = 1 } }
  end
  return config
end
