-- A container made of primitives: `tinylua run hello.lua [ROOTFS]`. Without ROOTFS, it shows the files of the
-- host, read-only. `tinylua --trace run hello.lua` shows every primitive.
local args = ...
local rootfs = args[1] or "/"

-- Without root, a user namespace gives the child the rights that it needs.
local user = tiny.getuid() ~= 0 or nil

-- The closure runs inside the namespaces, as PID 1, with its own mounts, hostname and network interfaces.
local child <close> = tiny.clone({ user = user, pid = true, mount = true, uts = true, ipc = true, net = true }, function()
  tiny.sethostname("tiny-container")
  tiny.mount_private("/")                         -- later mounts stay in this namespace
  tiny.mount_bind(rootfs, "/mnt", { read_only = true })  -- the new root must be a mount point
  tiny.pivot_root("/mnt")                         -- now / is the rootfs; the old root is unmounted
  tiny.mount_proc("/proc")                        -- shows the processes of this pid namespace
  tiny.exec { "/bin/sh", "-c", 'echo "hello from $(hostname), I am PID $$"; echo processes: $(ls /proc | grep "^[0-9]")' }
end)
return child:wait()
