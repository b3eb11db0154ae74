-- Checks the image store.
return {
  summary = "Check that images are whole and unchanged, and repair them",
  order = 7,
  about = "Checks the digest of each file of the images, and compares each unpacked layer with its compressed form. With --repair, what is\n"
    .. "damaged is fetched or unpacked again. The exit status is 1 if damage remains.",
  options = {
    { "repair", type = "flag", help = "Fetch or unpack again what is damaged" },
  },
  args = { { "images", value = "IMAGE", many = true, required = false, complete = "images", help = "Names or ids of images [default: all]" } },
  run = function(args)
    local format, store = require "tiny.format", require "tiny.images.store"
    if not store.exists() then return 0 end
    local lock <close> = store.lock "shared"
    local images, left = {}, 0
    if #args.images > 0 then
      for i, name in ipairs(args.images) do images[i] = require("tiny.images.local_image").find(name) end
    else
      local damaged
      images, damaged = store.refs()
      for _, one in ipairs(damaged) do
        format.line(one.damage)
        left = left + 1
      end
    end
    local seen, verify = {}, require "tiny.images.verify"
    for _, image in ipairs(images) do left = left + verify.image(image, { repair = args.repair }, seen, format.line) end
    lock:close()
    require("tiny.images.gc").collect()
    if left == 0 then format.line(#images == 1 and "1 image is whole" or ("%d images are whole"):format(#images)) end
    return left > 0 and 1 or 0
  end,
}
