-- What a container sees as its root: a folder of the user's, or a throwaway view of the host.
-- The view is an overlay: the host's own / below, a mask that hides what is private above it, and
-- on top a folder of the container's that takes its changes.
local rootfs = {}

-- Shown as empty folders: homes, run-time and temporary files, other engines' and services' data.
rootfs.emptied = {
  "/home", "/root", "/run", "/tmp", "/mnt", "/media", "/srv", "/boot", "/lost+found", "/proc", "/sys", "/dev",
  "/var/tmp", "/var/run", "/var/log", "/var/mail", "/var/spool", "/var/backups", "/var/lib/tinylua", "/var/lib/docker",
  "/var/lib/containerd", "/var/lib/containers", "/var/lib/kubelet", "/var/lib/mysql", "/var/lib/postgresql",
  "/var/lib/private", "/var/lib/systemd", "/var/lib/sudo", "/var/lib/NetworkManager", "/etc/ssh", "/etc/ssl/private",
  "/etc/sudoers.d", "/etc/wireguard", "/etc/openvpn", "/etc/ipsec.d", "/etc/NetworkManager", "/etc/netplan",
  "/etc/letsencrypt", "/etc/docker", "/etc/kubernetes", "/etc/credstore", "/etc/credstore.encrypted", "/etc/cron.d",
}

-- Not there at all: files with secrets in them.
rootfs.removed = {
  "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/krb5.keytab", "/etc/ipsec.secrets",
  "/etc/security/opasswd", "/etc/machine-id", "/etc/crypttab", "/etc/fstab", "/etc/environment", "/swapfile", "/swap.img",
}

local OPEN, STICKY = tonumber("755", 8), tonumber("1777", 8)

-- The users' homes outside /home, which /etc/passwd names.
local function homes()
  local found = {}
  for uid, home in (tiny.read_file("/etc/passwd") or ""):gmatch("[^:\n]*:[^:\n]*:(%d+):[^:\n]*:[^:\n]*:([^:\n]*)") do
    local system = home == "/" or home:match("^/usr") or home:match("^/bin") or home:match("^/sbin") or home:match("^/etc")
    if tonumber(uid) >= 1000 and home:match("^/[^/]") and not system and not home:match("%.%.") then table.insert(found, home) end
  end
  return found
end

local function parents(mask, path)
  local above = path:match("^(.*)/[^/]+$")
  if above ~= "" then tiny.mkdir(mask .. above, { parents = true }) end
end

-- Whether one of the hidden folders holds the path already.
local function below(path, hidden)
  for _, folder in ipairs(hidden) do
    if path:sub(1, #folder + 1) == folder .. "/" then return true end
  end
end

-- Fills the mask layer. It is a tmpfs of the container's own mount namespace: a layer inside the
-- host's own / would overlap with it (ELOOP), and nothing of it can be left behind.
local function fill_mask(mask)
  local hidden = table.move(homes(), 1, 1000, #rootfs.emptied + 1, table.move(rootfs.emptied, 1, #rootfs.emptied, 1, {}))
  for _, path in ipairs(hidden) do
    local there = tiny.stat(path, { follow = false })
    if there and there.kind == "dir" and not tiny.stat(mask .. path) and not below(path, hidden) then
      parents(mask, path)
      local sticky = path == "/tmp" or path == "/var/tmp"
      tiny.mkdir(mask .. path, { parents = true, mode = sticky and STICKY or OPEN })
      tiny.setxattr(mask .. path, "trusted.overlay.opaque", { value = "y" })
    end
  end
  for _, path in ipairs(rootfs.removed) do
    local there = tiny.stat(path, { follow = false })
    if there and there.kind ~= "dir" then
      parents(mask, path)
      -- A character device 0/0 is a whiteout: the name is gone (overlayfs documentation).
      tiny.mknod(mask .. path, "char", { mode = 0 })
    end
  end
end

-- Parts of the host that lie on file systems of their own, which an overlay of / does not show.
local function separate()
  local root, found = tiny.stat("/"), {}
  for _, name in ipairs { "usr", "etc", "opt", "var", "bin", "sbin", "lib", "lib64" } do
    local s = tiny.stat("/" .. name, { follow = false })
    if s and s.kind == "dir" and s.dev ~= root.dev then table.insert(found, "/" .. name) end
  end
  return found
end

-- On the host, before the container: makes the folders that take the throwaway view's changes.
function rootfs.prepare(ctx)
  if ctx.spec.rootfs then return end
  for _, name in ipairs { "upper", "work" } do
    if not tiny.stat(ctx.dir .. "/" .. name) then tiny.mkdir(ctx.dir .. "/" .. name) end
  end
end

-- In the container: mounts the root and returns it as a dir handle.
function rootfs.mount(ctx)
  tiny.mount_private("/")
  if ctx.spec.rootfs then
    tiny.mount_bind(ctx.spec.rootfs, ctx.spec.rootfs)
    return tiny.open_root(ctx.spec.rootfs)
  end
  -- Mask and overlay lie over the container's run folder, in its own mount namespace only.
  local dir, place = ctx.dir, ctx.run
  tiny.mount_tmpfs(place, { size = "4m", mode = OPEN })
  fill_mask(place)
  -- Changes that are thrown away with the container are never synced.
  tiny.mount_overlay(place, {
    lower = { place, "/" }, upper = dir .. "/upper", work = dir .. "/work", volatile = ctx.throwaway or false,
  })
  local root = tiny.open_root(place)
  for _, path in ipairs(separate()) do tiny.mount_bind(path, path, { root = root, ro = true, recursive = false }) end
  return root
end

return rootfs
