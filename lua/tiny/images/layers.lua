-- The stack of an image's layers as one overlay.
local manifest = require "tiny.images.manifest"
local store = require "tiny.images.store"

local layers = {}

local READABLE = tonumber("755", 8)

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

-- The bytes of the files of unpacked layers, by diff id; a missing layer has none. A layer that was unpacked by an early version is
-- measured.
function layers.sizes(ids)
  local sizes, unknown, paths = {}, {}, {}
  for _, id in ipairs(ids) do
    local path = not sizes[id] and store.layer(id)
    local text = path and tiny.read_file((path:gsub("fs$", "bytes")))
    if text then
      sizes[id] = math.tointeger(tonumber(text)) or 0
    elseif path then
      sizes[id] = 0
      table.insert(unknown, id)
      table.insert(paths, path)
    end
  end
  local measured = paths[1] and { require "tiny.base.tree_size"(table.unpack(paths)) } or {}
  for at, id in ipairs(unknown) do sizes[id] = measured[at] or 0 end
  return sizes
end

-- Mounts layers at `target`. options: upper and work for changes (nil: read-only), volatile, userxattr, nodev; `through`: where the
-- folder of all layers is mounted with other ids.
function layers.mount(target, ids, image, options)
  local lower = layers.paths(ids, image)
  local own = store.path "layers"
  for at, path in ipairs(options.through and lower or {}) do lower[at] = options.through .. path:sub(#own + 1) end
  -- An image without layers.
  if not lower[1] and options.upper then return tiny.mount_bind(options.upper, target, { nodev = options.nodev }) end
  if not lower[1] then return tiny.mount_tmpfs(target, { size = "4k", mode = READABLE, read_only = true }) end
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
