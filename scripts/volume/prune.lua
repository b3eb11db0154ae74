-- Removes unused volumes.
local filters = require "tiny.cli.volume_filters"

return {
  summary = "Remove unused anonymous volumes",
  order = 5,
  about = "A volume that a container uses, running or not, is not removed.",
  options = {
    { "all", short = "a", type = "flag", help = "Remove all unused volumes, not only anonymous ones" },
    { "force", short = "f", type = "flag", help = "Do not ask" },
    { "filter", many = true, value = "KEY=VALUE", help = "Remove only volumes that match: label=K, label=K=V, label!=K or label!=K=V" },
  },
  run = function(args)
    local chosen = filters.labelled(args.filter)
    if not args.force then
      require "tiny.cli.confirm"(("This removes %s volumes that no container uses."):format(args.all and "all" or "anonymous"), "volume prune")
    end
    local report = require "tiny.cli.prune_report"()
    local status = require("tiny.client.prune").volumes(report.section "Volumes", args.all, chosen)
    report.finish()
    return status
  end,
}
