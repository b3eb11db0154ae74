-- Writes the files of a container as a tar stream: its root with the changes, without what is mounted there.
local pack = require "tiny.images.pack"
local rootless = require "tiny.base.rootless"

local READABLE = tonumber("755", 8)

-- container: its record; file: an open file or pipe.
return function(container, file)
  local config = container.config
  local from = config.from_image
  -- The record says "host" for a view of the host.
  if not from and config.rootfs and config.rootfs ~= "host" then return pack.directory(config.rootfs, file) end
  if not from then
    tiny.fail {
      message = config.name .. " shows the host's files, which are not exported", exit = 125,
      hint = ("tinylua diff %s lists its changes, and tinylua cp copies them"):format(config.name),
    }
  end
  local layers = require "tiny.images.layers"
  -- The changes lie above the layers; nothing is written. A mount namespace of its own removes the mount in any case.
  local own <close> = rootless.is() and tiny.userns((rootless.own_maps())) or nil
  local child <close> = tiny.clone({ mount = true, user = own }, function()
    tiny.mount_private "/"
    -- A directory that holds nothing of what is exported.
    local lower, place = layers.paths(from.layers, config.image), require("tiny.images.store").path "trash"
    table.insert(lower, 1, container.dir .. "/upper")
    if not tiny.stat(lower[1]) then table.remove(lower, 1) end
    tiny.mount_tmpfs(place, { size = "64k", mode = READABLE })
    tiny.mkdir(place .. "/root")
    if #lower == 0 then return pack.directory(place .. "/root", file) and 0 end
    if #lower == 1 then tiny.mount_bind(lower[1], place .. "/root", { read_only = true })
    else tiny.mount_overlay(place .. "/root", { lower = lower, read_only = true, nodev = true, userxattr = own ~= nil }) end
    pack.directory(place .. "/root", file)
    return 0
  end)
  local status, signal = child:wait()
  if status ~= 0 then tiny.fail { message = ("exporting %s was interrupted: %s"):format(config.name, signal or status), exit = 125 } end
end
