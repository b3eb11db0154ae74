-- Removes everything that is not in use.
return {
  summary = "Remove ended containers, unused networks and, with --volumes, anonymous volumes",
  order = 2,
  about = "`volume prune --all` also removes named volumes.",
  options = {
    { "force", short = "f", type = "flag", help = "Do not ask" },
    { "volumes", type = "flag", help = "Also remove unused anonymous volumes" },
  },
  run = function(args)
    local what = { "all containers that do not run", "all networks that no container uses" }
    if args.volumes then table.insert(what, "all anonymous volumes that no container uses") end
    if not args.force then require "tiny.cli.confirm"("This removes:\n  - " .. table.concat(what, "\n  - "), "system prune") end
    local prune, report = require "tiny.client.prune", require "tiny.cli.prune_report"()
    prune.containers(report.section "Containers", true)
    local status = prune.networks(report.section "Networks")
    if args.volumes then status = math.max(status, prune.volumes(report.section "Volumes")) end
    report.finish()
    return status
  end,
}
