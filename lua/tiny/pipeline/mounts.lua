-- What lies in every container's root: /proc, /sys, /dev and what the user mounts there. All of it is
-- mounted below ctx.root by descriptor, before the pivot.
local mounts = {}

local DEVICES = { null = { 1, 3 }, zero = { 1, 5 }, full = { 1, 7 }, random = { 1, 8 }, urandom = { 1, 9 }, tty = { 5, 0 } }
local LINKS = { fd = "/proc/self/fd", stdin = "/proc/self/fd/0", stdout = "/proc/self/fd/1", stderr = "/proc/self/fd/2", ptmx = "pts/ptmx" }
local OPEN, PRIVATE_TTY, TTY = tonumber("755", 8), tonumber("620", 8), 5

local OWN_NETWORK = { bridge = true, pasta = true, slirp4netns = true }

-- The group of terminals, by the namespace in which devpts is mounted; none where it is not mapped.
local function tty_group(ctx)
  if not ctx.userns then return TTY end
  if not require("tiny.pipeline.userns").has_group(ctx, TTY) then return nil end
  return ctx.rootless and TTY or ctx.owner.gid + TTY
end

local function devices(ctx)
  local root, shm_size = ctx.root, ctx.spec.shm_size
  -- The tmpfs is the container's own and empty: its names are ours until the program runs.
  local _, dev = tiny.mount_tmpfs("/dev", { root = root, create = true, nosuid = true, noexec = true, mode = OPEN, size = "64k", open = true })
  for name, number in pairs(DEVICES) do
    -- In a user namespace of one's own no device can be made, and those of the host can be shown.
    if ctx.rootless then tiny.mount_bind("/dev/" .. name, name, { root = dev, create = true, nosuid = true, noexec = true })
    else tiny.mknod(name, "char", { root = dev, major = number[1], minor = number[2] }) end
  end
  for name, target in pairs(LINKS) do tiny.symlink(target, name, { root = dev }) end
  tiny.mount_devpts("pts", { root = dev, create = true, mode = PRIVATE_TTY, gid = tty_group(ctx) })
  tiny.mount_mqueue("mqueue", { root = dev, create = true })
  tiny.mount_tmpfs("shm", { root = dev, create = true, nosuid = true, nodev = true, noexec = true, size = shm_size or "64m" })
  if ctx.spec.devices or ctx.spec.privileged then require("tiny.pipeline.devices").make(ctx, dev) end
  return dev
end

-- A host that shows only a part of its /sys has none of it shown whole by a user namespace: then that part is.
local function sysfs(ctx)
  local options = { root = ctx.root, create = true, ro = not ctx.spec.privileged, open = true }
  local made, sys = tiny.try(tiny.mount_sysfs, "/sys", options)
  if made then return sys end
  if not (ctx.rootless and sys.code == "EPERM") then error(sys, 0) end
  return select(2, tiny.mount_bind("/sys", "/sys", { root = ctx.root, create = true, ro = true, open = true }))
end

function mounts.mount(ctx)
  local root = ctx.root
  local privileged = ctx.spec.privileged
  if OWN_NETWORK[ctx.spec.network] then
    for key, value in pairs(require("tiny.pipeline.security").sysctls) do
      -- Its groups are as this process sees them, which joins the user namespace later.
      if ctx.owner and not ctx.rootless then value = value:gsub("%d+", function(gid) return math.tointeger(gid) + ctx.owner.gid end) end
      tiny.sysctl(key, value)
    end
  end
  if ctx.spec.sysctls then require("tiny.pipeline.security_options").set_sysctls(ctx.spec.sysctls, ctx.spec.network) end
  -- Held by descriptor from here on: what their names lead to is not believed again.
  local _, proc = tiny.mount_proc("/proc", { root = root, create = true, open = true })
  local dev, sys = devices(ctx), nil
  -- sysfs shows a network namespace; the host's own may not be mounted anew from inside.
  if ctx.spec.network ~= "host" then sys = sysfs(ctx) end
  if sys and ctx.cgroup and ctx.cgroup.version == "v2" then tiny.mount_cgroup("fs/cgroup", { root = sys, ro = not privileged }) end
  if ctx.files then require("tiny.net.files").mount(ctx) end
  for _, mount in ipairs(ctx.spec.mounts or {}) do require("tiny.pipeline.volumes").mount(root, mount) end
  if not privileged then require "tiny.pipeline.masked_paths"(proc, sys, dev) end
end

return mounts
