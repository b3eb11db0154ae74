-- box, part 3: its own root. The program sees the files of a directory; its changes are discarded.
local engine = require "02-namespaces"

engine.options["--rootfs"] = { key = "rootfs" }
engine.inside = { "hostname", "rootfs", "mounts", "exec" }

-- An overlay: the lower directory is never written to; an upper layer in memory takes the changes.
function engine.step.rootfs(c)
  tiny.mount_private("/")
  tiny.mount_tmpfs("/mnt", { size = "64m" })
  for _, name in ipairs { "upper", "work", "root" } do tiny.mkdir("/mnt/" .. name) end
  tiny.mount_overlay("/mnt/root", { lower = { c.rootfs or "/" }, upper = "/mnt/upper", work = "/mnt/work" })
  -- From here on use a descriptor, not a path: no link in the directory can lead a mount out of it.
  c.root = tiny.open_root("/mnt/root")
end

local DEVICES = { "null", "zero", "full", "random", "urandom", "tty" }

function engine.step.mounts(c)
  local function at(options) options.root, options.create = c.root, true return options end
  tiny.mount_proc("/proc", at {})
  tiny.mount_sysfs("/sys", at { read_only = true })
  tiny.mount_tmpfs("/dev", at { mode = tonumber("755", 8), size = "64k", nosuid = true })
  for _, name in ipairs(DEVICES) do tiny.mount_bind("/dev/" .. name, "/dev/" .. name, at { noexec = true }) end
  tiny.mount_devpts("/dev/pts", at {})
  -- Now / is the overlay, and the host's root is no longer in this mount namespace.
  tiny.pivot_root(c.root)
end

if type(...) == "table" then return engine.main(...) end
return engine
