-- Mounts the container's root file system: a directory of the user's, the layers of an image with a directory for changes above
-- them, or a throwaway view of the host. The view consists of two overlays. The inner one shows selected parts of the host
-- (tiny.pipeline.host_view). It is mounted as a user who owns nothing, so that the kernel opens the host's files with that user's
-- access. The outer one adds a directory of the container's for changes.

local rootfs = {}

local OPEN = tonumber("755", 8)

-- On the host, before the container: creates the directories for changes.
function rootfs.prepare(ctx)
  local cow = ctx.spec.mounts and require "tiny.cow.folders"
  if cow and cow.any(ctx.spec.mounts) then cow.prepare(ctx) end
  if ctx.spec.rootfs then return end
  for _, name in ipairs { "upper", "work" } do
    if not tiny.stat(ctx.dir .. "/" .. name) then tiny.mkdir(ctx.dir .. "/" .. name) end
  end
  local size = ctx.spec.storage_opt and require("tiny.pipeline.storage_opt").size(ctx.spec.storage_opt)
  -- The overlay moves files from one to the other, which the kernel only does within a project.
  if size then require("tiny.store.quota").set({ ctx.dir .. "/upper", ctx.dir .. "/work" }, size) end
end

-- Adds a hint to an error: the kernel does not stack an overlay over two others.
local function stacked(err)
  local root
  for _, mount in ipairs(tiny.mounts()) do
    if mount.target == "/" then root = mount end
  end
  if err.code == "EINVAL" then
    local what = root and root.fstype == "overlay" and "the host's / is an overlay" or "a host file system may be stacked on others"
    err.hint = what .. ", and the kernel stacks at most two: use --rootfs"
  end
  error(err, 0)
end

-- Mounts the layers of an image over the container's run directory. With a user namespace of root's, files show its ids.
local function image(ctx, idmap)
  local layers, place, own, through = require "tiny.images.layers", ctx.run, ctx.dir, nil
  if idmap then
    tiny.mount_tmpfs(place, { size = "64k", mode = OPEN })
    local idmapped = require("tiny.pipeline.view_layers").idmapped
    through, own = idmapped(require("tiny.images.store").path "layers", place .. "/layers", idmap), idmapped(ctx.dir, place .. "/changes", idmap)
    tiny.mkdir(place .. "/root")
    place = place .. "/root"
  end
  layers.mount(place, ctx.spec.from_image.layers, ctx.spec.image, {
    upper = own .. "/upper", work = own .. "/work", through = through, userxattr = ctx.rootless or false,
    volatile = ctx.throwaway or false, nodev = not ctx.spec.privileged,
  })
  return tiny.open_root(place)
end

local function mount(ctx)
  -- As root, with a user namespace, files show the namespace's ids.
  local idmap = not ctx.rootless and ctx.userns or nil
  if ctx.spec.rootfs then
    tiny.mount_bind(ctx.spec.rootfs, ctx.spec.rootfs, { idmap = idmap, nodev = not ctx.spec.privileged })
    return tiny.open_root(ctx.spec.rootfs)
  end
  if ctx.spec.from_image then return image(ctx, idmap) end
  -- Our own state is never shown.
  local hidden = { (ctx.dir:gsub("/containers/[^/]+$", "")), (ctx.run:match("^(.*)/")) }
  if ctx.rootless then
    local root, err = tiny.try(require("tiny.pipeline.rootless_view").mount, ctx, hidden)
    return root or stacked(err)
  end
  -- Everything is mounted over the container's run directory, in its own mount namespace: nothing remains on the host.
  local layers, place = require "tiny.pipeline.view_layers", ctx.run
  tiny.mount_tmpfs(place, { size = "64m", mode = OPEN })
  local lower = layers.mount(place, ctx.spec.view, hidden, idmap, ctx.maps)
  local own = layers.idmapped(ctx.dir, place .. "/changes", idmap)
  -- Changes are discarded with the container, so they are never synced.
  local made, err = tiny.try(tiny.mount_overlay, place, {
    lower = lower, upper = own .. "/upper", work = own .. "/work", volatile = ctx.throwaway or false, nodev = true,
  })
  if not made then stacked(err) end
  return tiny.open_root(place)
end

-- Mounts the root in a mount namespace of its own, which does not propagate to the host; returns it as a directory handle.
function rootfs.mount(ctx)
  if not ctx.spec.storage_opt then return mount(ctx) end
  -- An overlay writes with the capabilities of the process that mounts it, and ext4 exempts CAP_SYS_RESOURCE from quotas.
  local own, fewer = tiny.caps().effective, {}
  for _, name in ipairs(own) do
    if name ~= "CAP_SYS_RESOURCE" then table.insert(fewer, name) end
  end
  tiny.set_caps { effective = fewer }
  local root = mount(ctx)
  tiny.set_caps { effective = own }
  return root
end

return rootfs
