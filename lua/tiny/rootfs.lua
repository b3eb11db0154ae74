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

-- What is there of these paths, by their kind: a listing of each parent folder instead of a look at
-- each path, most of which a host does not have.
local function kinds(paths)
  local listed, found = {}, {}
  for _, path in ipairs(paths) do
    local parent, name = path:match("^(.*)/([^/]+)$")
    if not listed[parent] then
      listed[parent] = {}
      -- What an ordinary user cannot list it cannot show either.
      for _, entry in ipairs(tiny.try(tiny.list_dir, parent == "" and "/" or parent) or {}) do listed[parent][entry] = true end
    end
    local there = listed[parent][name] and tiny.stat(path, { follow = false })
    found[path] = there and there.kind
  end
  return found
end

-- What is there of the folders to be emptied, by path: not what lies below another of them.
local function hidden_folders()
  local hidden = table.move(rootfs.emptied, 1, #rootfs.emptied, 1, {})
  for _, home in ipairs(homes()) do table.insert(hidden, home) end
  local emptied, found = {}, {}
  for _, path in ipairs(hidden) do emptied[path] = true end
  -- A home below /home is hidden with it.
  local function covered(path)
    local above = path:match("^(.*)/")
    while above ~= "" and not emptied[above] do above = above:match("^(.*)/") end
    return above ~= ""
  end
  for path, kind in pairs(kinds(hidden)) do
    if kind == "dir" and not covered(path) then found[path] = true end
  end
  return found
end

local function removed_files()
  local found = {}
  for path, kind in pairs(kinds(rootfs.removed)) do found[path] = kind ~= "dir" or nil end
  return found
end

-- Fills the mask layer. It is a tmpfs of the container's own mount namespace: a layer inside the
-- host's own / would overlap with it (ELOOP), and nothing of it can be left behind.
local function fill_mask(mask)
  local made = {}
  local function make(folder, mode)
    if folder == "" or made[folder] then return end
    make(folder:match("^(.*)/"))
    tiny.mkdir(mask .. folder, mode)
    made[folder] = true
  end
  for path in pairs(hidden_folders()) do
    make(path, (path == "/tmp" or path == "/var/tmp") and { mode = STICKY } or nil)
    tiny.setxattr(mask .. path, "trusted.overlay.opaque", { value = "y" })
  end
  for path in pairs(removed_files()) do
    make(path:match("^(.*)/"))
    -- A character device 0/0 is a whiteout: the name is gone (overlayfs documentation).
    tiny.mknod(mask .. path, "char", { mode = 0 })
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

-- The overlay's layers with the ids of a user namespace: a place for the mask, the host's / and the folder
-- of the container's.
local function layers(place, dir, idmap)
  local mask, below, own = place .. "/mask", place .. "/below", place .. "/own"
  for _, folder in ipairs { mask, below, own } do tiny.mkdir(folder) end
  tiny.mount_bind("/", below, { recursive = false, idmap = idmap })
  tiny.mount_bind(dir, own, { recursive = false, idmap = idmap })
  return mask, below, own
end

-- In a mount namespace of its own, from which nothing reaches the host's: mounts the root and returns it as a
-- dir handle.
function rootfs.mount(ctx)
  -- Root's user namespace has its own ids in the files that it is shown.
  local idmap = not ctx.rootless and ctx.userns or nil
  if ctx.spec.rootfs then
    tiny.mount_bind(ctx.spec.rootfs, ctx.spec.rootfs, { idmap = idmap, nodev = not ctx.spec.privileged })
    return tiny.open_root(ctx.spec.rootfs)
  end
  if ctx.rootless then return require("tiny.view").mount(ctx, hidden_folders(), removed_files()) end
  -- Mask and overlay lie over the container's run folder, in its own mount namespace only.
  local dir, place = ctx.dir, ctx.run
  tiny.mount_tmpfs(place, { size = "4m", mode = OPEN })
  local mask, below = place, "/"
  if idmap then mask, below, dir = layers(place, dir, idmap) end
  fill_mask(mask)
  -- Changes that are thrown away with the container are never synced.
  tiny.mount_overlay(place, {
    lower = { mask, below }, upper = dir .. "/upper", work = dir .. "/work", volatile = ctx.throwaway or false,
  })
  local root = tiny.open_root(place)
  for _, path in ipairs(separate()) do tiny.mount_bind(path, path, { root = root, ro = true, recursive = false, idmap = idmap }) end
  return root
end

return rootfs
