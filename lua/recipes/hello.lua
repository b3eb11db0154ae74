-- A container by hand: `tinylua run hello.lua [ROOTFS]`. Without a rootfs it shows the host's own
-- files, read-only. Put --trace before the name to see every kernel call.
local args = ...
local rootfs = args[1] or "/"

-- The closure runs inside: PID 1 of its own process tree, with mounts, names and links of its own.
local child <close> = tiny.clone({ pid = true, mount = true, uts = true, ipc = true, net = true }, function()
  tiny.sethostname("tiny-container")
  tiny.mount_private("/")                         -- what is mounted from here on stays in here
  tiny.mount_bind(rootfs, "/mnt", { ro = true })  -- a root is a mount point
  tiny.pivot_root("/mnt")                         -- now / is the rootfs, and the old root is gone
  tiny.mount_proc("/proc")                        -- shows the processes of this pid namespace
  tiny.exec { "/bin/sh", "-c", 'echo "hello from $(hostname), I am PID $$"; echo processes: $(ls /proc | grep "^[0-9]")' }
end)
return child:wait()
