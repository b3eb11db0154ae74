-- Removes unused volumes.
local filters = require "tiny.cli.prune_filters"

return {
  summary = "Remove unused anonymous volumes",
  order = 5,
  about = "A volume that a container uses, running or not, is not removed.",
  options = {
    { "all", short = "a", type = "flag", help = "Remove all unused volumes, not only anonymous ones" },
    { "force", short = "f", type = "flag", help = "Do not ask" },
    filters.option "volumes",
  },
  run = function(args)
    local chosen = filters.of(args.filter)
    if not args.force then
      require "tiny.cli.confirm"(("This removes %s volumes that no container uses."):format(args.all and "all" or "anonymous") .. filters.shown(args.filter), "volume prune")
    end
    local report = require "tiny.cli.prune_report"()
    local status = require("tiny.client.prune").volumes(report.section "Volumes", chosen, args.all)
    report.finish()
    return status
  end,
}
