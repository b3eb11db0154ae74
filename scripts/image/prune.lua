-- Removes images that nothing uses.
return {
  summary = "Remove unused images",
  order = 6,
  about = "Without -a only images without a name, such as those of `commit`. Images of containers stay. What no name and no container needs\n"
    .. "is deleted from the disk.",
  options = {
    { "all", short = "a", type = "flag", help = "Also remove images with a name that no container uses" },
    { "force", short = "f", type = "flag", help = "Do not ask" },
  },
  run = function(args)
    local what = args.all and "all images that no container uses" or "all images without a name that no container uses"
    if not args.force then require "tiny.cli.confirm"("This removes " .. what .. ".", "image prune") end
    local report, store = require "tiny.cli.prune_report"(), require "tiny.images.store"
    local print_one = report.section "Images"
    if store.exists() then
      local lock <close> = store.lock "shared"
      local users = require("tiny.images.local_image").users()
      for _, image in ipairs((store.refs {})) do
        local nameless = image.name:find "^<none>@" ~= nil
        if (args.all or nameless) and not users[image.manifest] and store.remove_ref(image.name) then print_one(nameless and image.config or image.name) end
      end
    end
    local layers, bytes = require("tiny.images.gc").collect { wait = true }
    if not layers then tiny.fail { message = "the image store is not cleaned up: " .. bytes, exit = 1 } end
    report.finish(bytes)
  end,
}
