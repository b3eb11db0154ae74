-- What a container sees as its root: a folder of the user's, or a throwaway view of the host.
-- The view is two overlays. The inner one shows what is named of the host (tiny.pipeline.host_view) and is mounted
-- as a user who owns nothing: the kernel then opens the host's files with that user's access, whoever
-- asks. The outer one lays a folder of the container's over it, which takes its changes.

local rootfs = {}

local OPEN = tonumber("755", 8)

-- On the host, before the container: makes the folders that take the throwaway view's changes.
function rootfs.prepare(ctx)
  if ctx.spec.rootfs then return end
  for _, name in ipairs { "upper", "work" } do
    if not tiny.stat(ctx.dir .. "/" .. name) then tiny.mkdir(ctx.dir .. "/" .. name) end
  end
end

-- An overlay over two others is more than the kernel stacks.
local function stacked(err)
  local root
  for _, mount in ipairs(tiny.mounts()) do
    if mount.target == "/" then root = mount end
  end
  if err.code == "EINVAL" then
    local what = root and root.fstype == "overlay" and "the host's own / is an overlay" or "a file system of the host's may be stacked on others"
    err.hint = what .. ", and the kernel stacks two of them at most: give the container a root with --rootfs"
  end
  error(err, 0)
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
  -- Ours is never shown.
  local hidden = { (ctx.dir:gsub("/containers/[^/]+$", "")), (ctx.run:match("^(.*)/")) }
  if ctx.rootless then return require("tiny.pipeline.rootless_view").mount(ctx, hidden) end
  -- All of it lies over the container's run folder, in its own mount namespace only: nothing is left behind.
  local layers, place = require "tiny.pipeline.view_layers", ctx.run
  tiny.mount_tmpfs(place, { size = "64m", mode = OPEN })
  local lower = layers.mount(place, ctx.spec.view, hidden, idmap, ctx.maps)
  local own = layers.idmapped(ctx.dir, place .. "/changes", idmap)
  -- Changes that are thrown away with the container are never synced.
  local made, err = tiny.try(tiny.mount_overlay, place, {
    lower = lower, upper = own .. "/upper", work = own .. "/work", volatile = ctx.throwaway or false, nodev = true,
  })
  if not made then stacked(err) end
  return tiny.open_root(place)
end

return rootfs
