-- Images of the store, for recipes: pull, inspect and mount them.
--
--   local image = require "tiny.image"
--   image.pull "debian:12"
--   for _, layer in ipairs(image.inspect("debian:12").layers) do print(layer.diff_id) end
--   local root <close> = image.mount("debian:12", "./root")
local layers = require "tiny.images.layers"
local local_image = require "tiny.images.local_image"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local image = {}

-- The images of the store, by name: { name, config, manifest, layers = { { digest, diff_id, size } }, size, platform, created }.
-- `config` is the image's id.
function image.list()
  return (store.refs())
end

-- Pulls an image; returns it as in `list`. options: platform, such as "linux/arm64"; squash_ids:
-- files of ids that the user does not have become its own.
function image.pull(name, options)
  options = options or {}
  return (require("tiny.images.pull").pull(reference.parse(name), { platform = options.platform, squash_ids = options.squash_ids, out = 2 }))
end

-- The local image of a name or id as in `list`, with its configuration: `defaults` has the keys of a container that it sets, such
-- as command, env and user. Fails if the store does not have it.
function image.inspect(name)
  local found = local_image.find(name)
  local config = local_image.config(found)
  found.defaults, found.history, found.author = config.defaults, config.history, config.author
  return found
end

-- Mounts the layers of a local image at a directory; returns the mount's handle. Its device nodes cannot be opened. The image needs
-- its name meanwhile: `gc` deletes layers that nothing names. options: upper and work, two directories of one file system that receive
-- changes; without them the mount is read-only. userxattr: in a user namespace.
function image.mount(name, target, options)
  options = options or {}
  local found = local_image.find(name)
  return layers.mount(target, local_image.layer_ids(found), name, { upper = options.upper, work = options.work, userxattr = options.userxattr, nodev = true })
end

return image
