-- A command with no network and a read-only view of the host: `tinylua run sandbox.lua CMD…`.
-- Only /tmp is writable, and it is discarded afterwards; home directories are hidden.
local args = ...
local command = #args > 0 and args or { "/bin/sh", "-c", [[
  touch /etc/proof 2>/dev/null && echo "/etc was written" || echo "/etc is read-only"
  ls -A /root /home | grep -v ":$" | grep . >/dev/null && echo "homes are shown" || echo "homes are hidden"
  echo "links: $(ls /sys/class/net | tr '\n' ' ')"
  echo secret > /tmp/note && echo "/tmp is private: $(ls /tmp)"]] }

-- Without root, a user namespace gives the child the rights that it needs.
local user = tiny.getuid() ~= 0 or nil
local child <close> = tiny.clone({ user = user, pid = true, mount = true, uts = true, ipc = true, net = true }, function()
  tiny.mount_private("/")
  tiny.mount_bind("/", "/mnt", { read_only = true, nosuid = true })  -- including mounts below it
  local root <close> = tiny.open_root("/mnt")
  for _, path in ipairs { "/tmp", "/root", "/home", "/run" } do
    tiny.mount_tmpfs(path, { root = root, size = "64m", nosuid = true, nodev = true })
  end
  tiny.mount_proc("/proc", { root = root })
  tiny.mount_sysfs("/sys", { root = root, read_only = true })
  tiny.pivot_root(root)
  tiny.no_new_privs()
  tiny.exec(command)
end)
return child:wait()
