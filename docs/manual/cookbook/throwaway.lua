-- What would this do to my machine? `tinylua run throwaway.lua COMMAND…` runs it on a temporary copy of the host, and
-- lists its changes. The copy is an overlay over /: it costs nothing until something is written.
local args = ...
local command = #args > 0 and args or { "/bin/sh" }

-- Prints + for new or changed files, - for removed files.
local function changes(upper, path)
  for _, name in ipairs(tiny.list_dir(upper .. path) or {}) do
    local here = path .. "/" .. name
    local s = assert(tiny.stat(upper .. here, { follow = false }))
    if s.kind == "dir" then
      changes(upper, here)
    else
      -- In the upper layer of an overlay, a 0/0 character device marks a removed name.
      print((s.kind == "char" and s.rdev == 0 and "- " or "+ ") .. here)
    end
  end
end

local function inside()
  local root <close> = tiny.open_root("/mnt/root")
  tiny.mount_proc("/proc", { root = root })
  tiny.mount_tmpfs("/run", { root = root, nosuid = true, nodev = true })
  tiny.mount_bind("/dev", "/dev", { root = root })
  tiny.mount_sysfs("/sys", { root = root, read_only = true })
  tiny.pivot_root(root)
  tiny.exec(command)
end

-- The outer child has the layers, so it can read them after the inner one has ended.
local keeper <close> = tiny.clone({ mount = true }, function()
  tiny.mount_private("/")
  tiny.mount_tmpfs("/mnt")
  for _, name in ipairs { "upper", "work", "root" } do tiny.mkdir("/mnt/" .. name) end
  tiny.mount_overlay("/mnt/root", { lower = { "/" }, upper = "/mnt/upper", work = "/mnt/work", volatile = true })
  local child <close> = tiny.clone({ mount = true, pid = true, net = true, ipc = true, uts = true }, inside)
  local status = child:wait()
  changes("/mnt/upper", "")
  return status
end)
return (keeper:wait())
