-- Unmounts images that `image mount` has mounted.
local format = require "tiny.format"
local mounts = require "tiny.images.mounts"

-- The mounted image of a name or an id, which may have lost its name meanwhile.
local function find(text, list)
  local image = require("tiny.images.local_image").look(text)
  for _, record in ipairs(list) do
    if image and image.manifest == record.manifest or not image and (record.name == text or record.config:sub(8, 7 + #text) == text) then return record end
  end
  tiny.fail { message = ("%s is not mounted"):format(tiny.show(text)), hint = "`tinylua image mount` lists what is", exit = 125 }
end

return {
  summary = "Unmount images that `image mount` has mounted",
  order = 10,
  about = "Prints the id of each. An image that was mounted several times stays mounted until the last\n"
    .. "`umount`.",
  options = {
    { "all", short = "a", type = "flag", help = "Unmount all mounted images" },
    { "force", short = "f", type = "flag", help = "Unmount at once, whatever mounted the image too or uses it" },
  },
  args = { { "images", value = "IMAGE", many = true, required = false, complete = "images", help = "Names or ids of images" } },
  run = function(args)
    if not args.all == (#args.images == 0) then
      tiny.fail { message = "image umount: " .. (args.all and "--all and names of images" or "no image is named"), hint = "name images, or use --all", exit = 2 }
    end
    local list, status = mounts.list(), 0
    for _, one in ipairs(args.all and list or args.images) do
      local record, err = one, nil
      if not args.all then record, err = tiny.try(find, one, list) end
      if record then _, err = tiny.try(mounts.umount, record.manifest, { all = args.all, force = args.force }) end
      if err then
        status = 1
        format.error(err)
      else
        format.line(record.config)
      end
    end
    require("tiny.images.gc").collect { background = true }
    return status
  end,
}
