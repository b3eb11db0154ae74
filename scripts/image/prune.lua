-- Removes images that nothing uses.
local filters = require "tiny.cli.prune_filters"

return {
  summary = "Remove unused images",
  order = 6,
  about = "Without -a only images without a name, such as those of `commit`. Images of containers stay.\n"
    .. "What no name and no container needs is deleted from the disk.",
  options = {
    { "all", short = "a", type = "flag", help = "Also remove images with a name that no container uses" },
    { "force", short = "f", type = "flag", help = "Do not ask" },
    filters.option("images", true),
  },
  run = function(args)
    local what, chosen = args.all and "all images that no container uses" or "all images without a name that no container uses", filters.of(args.filter, true)
    if not args.force then require "tiny.cli.confirm"("This removes " .. what .. "." .. filters.shown(args.filter), "image prune") end
    local report = require "tiny.cli.prune_report"()
    report.finish(require("tiny.client.prune").images(report.section "Images", args.filter[1] and chosen or nil, args.all))
  end,
}
