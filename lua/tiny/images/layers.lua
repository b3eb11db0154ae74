-- The stack of an image's layers as one overlay.
local manifest = require "tiny.images.manifest"
local store = require "tiny.images.store"

local layers = {}

-- What was found for a list: a start asks when it checks and when it mounts, and a layer of a container stays.
local found = setmetatable({}, { __mode = "k" })

-- The directories of layers, given by diff id from the lowest up: topmost first, as an overlay takes them. Of a layer that is
-- there several times, the topmost counts: it hides the others. `image` names the image in errors.
function layers.paths(ids, image)
  if found[ids] then return table.move(found[ids], 1, #found[ids], 1, {}) end
  local list, known = {}, {}
  for at = #ids, 1, -1 do
    local id = ids[at]
    if not known[id] then
      known[id] = true
      list[#list + 1] = store.layer(id) or tiny.fail {
        message = ("the image %s is incomplete: its layer %s is missing"):format(tiny.show(image), id), hint = "`tinylua pull` restores it", exit = 125,
      }
      if store.hides_all(id) then break end
    end
  end
  if #list > manifest.MOST_LAYERS then
    tiny.fail {
      message = ("the image %s has %d layers; the kernel's overlay file system takes at most %d"):format(tiny.show(image), #list, manifest.MOST_LAYERS),
      hint = "squash the image: `buildah build --squash`", exit = 125,
    }
  end
  found[ids] = table.move(list, 1, #list, 1, {})
  return list
end

-- Mounts layers at `target`. options: upper and work for changes (nil: read-only), empty (a directory without entries, for an image
-- without layers), volatile, userxattr, nodev; `through`: where the folder of all layers is mounted with other ids.
function layers.mount(target, ids, image, options)
  local lower = layers.paths(ids, image)
  local own = store.path "layers"
  for at, path in ipairs(options.through and lower or {}) do lower[at] = options.through .. path:sub(#own + 1) end
  lower[1] = lower[1] or options.empty
  if not options.upper and #lower == 1 then return tiny.mount_bind(lower[1], target, { read_only = true, nodev = options.nodev }) end
  local mount, err = tiny.try(tiny.mount_overlay, target, {
    lower = lower, upper = options.upper, work = options.work, volatile = options.volatile, userxattr = options.userxattr, nodev = options.nodev,
    read_only = not options.upper,
  })
  if mount then return mount end
  if err.code == "EINVAL" and #lower > 10 then err.hint = "kernels before 6.7 take only about ten layers: squash the image, or use a newer kernel" end
  error(err, 0)
end

return layers
