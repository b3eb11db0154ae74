-- Mounts /proc, /sys, /dev and the user's mounts in the container's root. All mounts go below ctx.root by descriptor, before
-- the pivot.
local mounts = {}

local DEVICES = { null = { 1, 3 }, zero = { 1, 5 }, full = { 1, 7 }, random = { 1, 8 }, urandom = { 1, 9 }, tty = { 5, 0 } }
local LINKS = { fd = "/proc/self/fd", stdin = "/proc/self/fd/0", stdout = "/proc/self/fd/1", stderr = "/proc/self/fd/2", ptmx = "pts/ptmx" }
local OPEN, PRIVATE_TTY, TTY = tonumber("755", 8), tonumber("620", 8), 5

local OWN_NETWORK = { none = true, bridge = true, pasta = true, slirp4netns = true }

-- In the container's own network namespace, as in docker: every user may ping without CAP_NET_RAW, and use every port.
local function open_network(ctx)
  local low, high = { 0, 0 }, { 2147483647, 2147483647, 1 }
  for i, range in ipairs(ctx.maps and ctx.maps.gid_map or {}) do
    if i == 1 or range[2] < low[2] then low = range end
    if i == 1 or range[2] + range[3] > high[2] + high[3] then high = range end
  end
  -- Groups as this process sees them: root joins the user namespace later.
  local seen = ctx.rootless and 1 or 2
  tiny.sysctl("net.ipv4.ping_group_range", ("%d %d"):format(low[seen], high[seen] + high[3] - 1))
  tiny.sysctl("net.ipv4.ip_unprivileged_port_start", "0")
end

-- The tty group, as seen in the namespace in which devpts is mounted; nil if it is not mapped.
local function tty_group(ctx)
  if not ctx.userns then return TTY end
  if not require("tiny.pipeline.userns").has_group(ctx, TTY) then return nil end
  return ctx.rootless and TTY or ctx.owner.gid + TTY
end

local function devices(ctx)
  local root, shm_size = ctx.root, ctx.spec.shm_size
  -- The tmpfs is empty and the container's own: no one else changes its names until the program runs.
  local _, dev = tiny.mount_tmpfs("/dev", { root = root, create = true, nosuid = true, noexec = true, mode = OPEN, size = "64k", open = true })
  for name, number in pairs(DEVICES) do
    -- In a rootless user namespace no device can be created, but the host's can be bind-mounted.
    if ctx.rootless then tiny.mount_bind("/dev/" .. name, name, { root = dev, create = true, nosuid = true, noexec = true })
    else tiny.mknod(name, "char", { root = dev, major = number[1], minor = number[2] }) end
  end
  for name, target in pairs(LINKS) do tiny.symlink(target, name, { root = dev }) end
  tiny.mount_devpts("pts", { root = dev, create = true, mode = PRIVATE_TTY, gid = tty_group(ctx) })
  tiny.mount_mqueue("mqueue", { root = dev, create = true })
  if ctx.spec.ipc == "host" then tiny.mount_bind("/dev/shm", "shm", { root = dev, create = true, nosuid = true, nodev = true, noexec = true })
  else tiny.mount_tmpfs("shm", { root = dev, create = true, nosuid = true, nodev = true, noexec = true, size = shm_size or "64m" }) end
  if ctx.spec.devices or ctx.spec.privileged then require("tiny.pipeline.devices").make(ctx, dev) end
  return dev
end

-- A user namespace cannot mount a whole sysfs if the host shows only parts of its /sys; then those are bind-mounted.
local function sysfs(ctx)
  local options = { root = ctx.root, create = true, read_only = not ctx.spec.privileged, open = true }
  local made, sys = tiny.try(tiny.mount_sysfs, "/sys", options)
  if made then return sys end
  if not (ctx.rootless and sys.code == "EPERM") then error(sys, 0) end
  return select(2, tiny.mount_bind("/sys", "/sys", { root = ctx.root, create = true, read_only = true, open = true }))
end

function mounts.mount(ctx)
  local root = ctx.root
  local privileged = ctx.spec.privileged
  if OWN_NETWORK[ctx.spec.network] then open_network(ctx) end
  if ctx.spec.domainname then tiny.sysctl("kernel.domainname", ctx.spec.domainname) end
  if ctx.spec.sysctls then require("tiny.pipeline.security_options").set_sysctls(ctx.spec.sysctls, ctx.spec.network) end
  -- From here on these mounts are used by descriptor; their names are not looked up again.
  local _, proc = tiny.mount_proc("/proc", { root = root, create = true, open = true })
  local dev, sys = devices(ctx), nil
  -- sysfs shows a network namespace; a container cannot mount it for the host's.
  if ctx.spec.network ~= "host" then sys = sysfs(ctx) end
  if sys and ctx.cgroup and ctx.cgroup.version == "v2" then tiny.mount_cgroup("fs/cgroup", { root = sys, read_only = not privileged }) end
  for _, mount in ipairs(ctx.spec.mounts or {}) do require("tiny.pipeline.volumes").mount(ctx, mount) end
  -- Last: a volume may contain the place of a file, such as /run that of a linked /etc/resolv.conf.
  if ctx.files then require("tiny.net.files").mount(ctx) end
  if not privileged then require "tiny.pipeline.masked_paths"(proc, sys, dev) end
end

return mounts
