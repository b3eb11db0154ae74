-- Hard links of a layer to files of the layers below. They are made in an overlay with the layer as its upper directory, so that
-- the kernel decides which file a name means and copies it into the layer. The layer then depends on those below: its name in the
-- store is its chain id.
local layers = require "tiny.images.layers"
local rootless = require "tiny.base.rootless"
local store = require "tiny.images.store"
local tree_size = require "tiny.base.tree_size"
local unpack = require "tiny.images.unpack"

local lower_links = {}

-- Bytes that a layer may copy from those below, however small the image is: as many as a stream may have of any ratio.
local FREE = 1 << 30

-- The chain ids of layers, given by diff id from the lowest up (OCI image specification, "Layer ChainID").
function lower_links.chain_ids(diff_ids)
  local ids = {}
  for at, id in ipairs(diff_ids) do ids[at] = at == 1 and id or "sha256:" .. tiny.sha256(ids[at - 1] .. " " .. id) end
  return ids
end

-- In a child process, which has the overlay as its root and no other file.
local function link(folder, below, image, links, userns, most)
  tiny.mount_private "/"
  local place = folder .. "/merged"
  layers.mount(place, below, image, { upper = folder .. "/fs", work = folder .. "/work", userxattr = userns ~= nil, volatile = true, nodev = true })
  unpack.confine(place, unpack.filter(), {})
  tiny.layer_link(links, { root = "/", max_bytes = most })
  return 0
end

-- Completes a layer that was unpacked into a folder, with the ids of the layers below it from the lowest up. The folder is deleted
-- if that fails. size: of the compressed layers up to this one (nil: a pull has accepted the image). The other names of a file that
-- was copied keep the lower one, so that each of many layers could copy it more often than the one below.
function lower_links.make(job, below, image, size)
  local folder = job.path
  for _, name in ipairs { "work", "merged" } do tiny.mkdir(folder .. "/" .. name) end
  -- Its own mark on the root hides all of them.
  if tiny.stat(folder .. "/opaque") then below = {} end
  local limits = unpack.limits_of()
  local max_bytes = tiny.parse_size(limits.max_bytes)
  local most = max_bytes
  if size and size <= max_bytes // limits.max_ratio then most = math.min(max_bytes, math.max(FREE, size * limits.max_ratio)) end
  local userns <close> = rootless.is() and tiny.userns((rootless.own_maps())) or nil
  local status, err = tiny.try(function()
    local child <close> = tiny.clone({ user = userns, mount = true, net = true, pid = true, ipc = true, uts = true }, function()
      return link(folder, below, image, job.links, userns, most)
    end)
    local status, signal = child:wait()
    return status == 0 or tiny.fail { message = "its child process ended with " .. (signal or "status " .. status) }
  end)
  if status then
    for _, name in ipairs { "work", "merged" } do unpack.delete(folder .. "/" .. name) end
    -- The kernel has copied files into the layer.
    tiny.write_file(folder .. "/bytes", ("%d"):format(tree_size(folder .. "/fs")))
    return
  end
  unpack.delete(folder)
  err.hint = err.hint or err.code == "ENOENT" and "the image was damaged, or built by a tool that links to files that it removes" or nil
  if err.code == "EFBIG" and most < max_bytes then err.hint = "raise max_ratio for an image that you trust" end
  unpack.fail(job.layer, image, err)
end

-- Keeps the links that an unpacked layer needs in its folder, for the process that completes the layer.
function lower_links.keep(job)
  local parts = {}
  -- Names may have any bytes.
  for i, pair in ipairs(job.links) do parts[i] = string.pack("<s4s4", pair[1], pair[2]) end
  tiny.write_file(job.path .. "/links", table.concat(parts))
end

function lower_links.are_kept(path) return tiny.stat(path .. "/links") ~= nil end

-- The layer in a folder with kept links, as `make` takes it.
function lower_links.take_over(path, layer)
  local text = tiny.read_file(path .. "/links")
  local links, at = {}, 1
  while at <= #text do
    local name, target, next_at = string.unpack("<s4s4", text, at)
    table.insert(links, { name, target })
    at = next_at
  end
  tiny.remove(path .. "/links")
  return { path = path, links = links, layer = layer }
end

return lower_links
