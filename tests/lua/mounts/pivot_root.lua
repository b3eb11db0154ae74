-- pivot_root: only the new root is visible; the old one is detached, and unchanged for other processes.
local check = require "check"

tiny.mkdir("root/proc", { parents = true })
tiny.write_file("host_file", "host")
tiny.mkdir("shared")
tiny.mount_tmpfs("shared")
tiny.mount_propagation("shared", "shared")
tiny.mkdir("shared/below")
tiny.mount_tmpfs("shared/below")
tiny.write_file("shared/below/file", "kept")

local function new_root(prepare)
  check.inside({ mount = true, pid = true }, function()
    prepare()
    tiny.mount_bind("root", "root", { recursive = false })
    tiny.pivot_root("root")
    tiny.mount_proc("/proc")
    local left = {}
    for _, m in ipairs(tiny.mounts()) do table.insert(left, m.target) end
    check.equal(table.concat(left, " "), "/ /proc")
    check.equal(tiny.readlink("/proc/self/cwd"), "/")
    for _, path in ipairs { "/tmp/host_file", "/../tmp/host_file", "/proc/1/root/tmp/host_file", "/proc/1/cwd/host_file" } do
      check.equal(tiny.read_file(path), nil, path)
    end
  end)
end
new_root(function() tiny.mount_private("/") end)
-- Only the mounts that pivot_root requires are made private: a mount below stays shared with the parent.
new_root(function()
  tiny.mount_private("/", { recursive = false })
  tiny.mount_private("/tmp", { recursive = false })
end)
check.equal(tiny.read_file("shared/below/file"), "kept", "a mount of the parent")

-- With a handle that was opened after the mount.
check.inside({ mount = true }, function()
  tiny.mount_private("/")
  tiny.mount_tmpfs("root")
  local root <close> = tiny.open_root("root")
  tiny.write_file("root/new", "")
  tiny.pivot_root(root)
  check.equal(table.concat(tiny.list_dir("/"), " "), "new")
end)

check.inside({ mount = true }, function()
  local err = check.fails("EINVAL", tiny.pivot_root, "/tmp/root")
  check.equal(err.path, "/tmp/root")
  assert(err.hint:match("must be a mount point"), err.hint)
  check.fails("ENOENT", tiny.pivot_root, "nowhere")
  check.equal(tiny.read_file("/tmp/host_file"), "host", "nothing has changed")
end)
check.refuses("root: expected dir handle or path, got 1", tiny.pivot_root, 1)
