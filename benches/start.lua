-- The recipe of the start-up benchmark: six namespaces, a rootfs, /proc and /dev like bubblewrap's,
-- pivot_root, and a program. An unprivileged user also gets a new user namespace, where devices cannot be
-- created, so the host's are shown. Arguments: the rootfs, then the program.
local args = ...
local rootfs, program = args[1], table.move(args, 2, #args, 1, {})
local DEVICES = { null = 3, zero = 5, full = 7, random = 8, urandom = 9, tty = 0 }
local LINKS = {
  fd = "/proc/self/fd", stdin = "/proc/self/fd/0", stdout = "/proc/self/fd/1", stderr = "/proc/self/fd/2",
  core = "/proc/kcore", ptmx = "pts/ptmx",
}

local uid, gid = tiny.getuid(), tiny.getgid()
local own <close> = uid ~= 0 and tiny.userns { uid_map = { { 0, uid, 1 } }, gid_map = { { 0, gid, 1 } } } or nil
local child <close> = tiny.clone({ user = own, pid = true, net = true, mount = true, uts = true, ipc = true, cgroup = true }, function()
  tiny.link_set("lo", { up = true })
  tiny.mount_propagation("/", "slave")
  tiny.mount_bind(rootfs, rootfs, { nosuid = true, nodev = true })
  local root = tiny.open_root(rootfs)
  tiny.mount_proc("/proc", { root = root })
  for _, path in ipairs { "/proc/irq", "/proc/bus" } do
    tiny.mount_bind(path, path, { root = root, source_root = root, read_only = true, nosuid = true, nodev = true, noexec = true })
  end
  tiny.mount_tmpfs("/dev", { root = root, nosuid = true, mode = tonumber("755", 8) })
  local dev = tiny.open_root("/dev", { root = root })
  for name, minor in pairs(DEVICES) do
    if own then tiny.mount_bind("/dev/" .. name, name, { root = dev, create = true })
    else tiny.mknod(name, "char", { root = dev, major = name == "tty" and 5 or 1, minor = minor }) end
  end
  for name, target in pairs(LINKS) do tiny.symlink(target, name, { root = dev }) end
  tiny.mkdir("shm", { root = dev })
  tiny.mkdir("pts", { root = dev })
  tiny.mount_devpts("pts", { root = dev })
  tiny.pivot_root(root)
  tiny.no_new_privs()
  tiny.exec(program)
end)
return child:wait()
