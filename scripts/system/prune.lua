-- Removes everything that is not in use.
local filters = require "tiny.cli.prune_filters"

return {
  summary = "Remove ended containers, unused networks and images and, with --volumes, anonymous volumes",
  order = 2,
  about = "Of images, those without a name are removed, and with --all all that no container uses.\n"
    .. "`volume prune --all` also removes named volumes.",
  options = {
    { "all", short = "a", type = "flag", help = "Remove all images that no container uses, not only those without a name" },
    { "force", short = "f", type = "flag", help = "Do not ask" },
    { "volumes", type = "flag", help = "Also remove unused anonymous volumes" },
    filters.option("things", true),
  },
  run = function(args)
    local chosen = args.filter[1] and filters.of(args.filter, not args.volumes) or nil
    local what = { "all containers that do not run", "all networks that no container uses" }
    if args.volumes then table.insert(what, "all anonymous volumes that no container uses") end
    table.insert(what, args.all and "all images that no container uses" or "all images without a name that no container uses")
    if not args.force then require "tiny.cli.confirm"("This removes:\n  - " .. table.concat(what, "\n  - ") .. filters.shown(args.filter), "system prune") end
    local prune, report = require "tiny.client.prune", require "tiny.cli.prune_report"()
    prune.containers(report.section "Containers", chosen, true)
    local status = prune.networks(report.section "Networks", chosen)
    if args.volumes then status = math.max(status, prune.volumes(report.section "Volumes", chosen)) end
    local bytes, err = tiny.try(prune.images, report.section "Images", chosen, args.all)
    report.finish(bytes)
    if err then require("tiny.format").error(err) end
    return err and 1 or status
  end,
}
