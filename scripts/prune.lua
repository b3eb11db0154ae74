-- Removes all containers that are not running.
local filters = require "tiny.cli.prune_filters"

return {
  summary = "Remove all containers that are not running",
  section = "Containers",
  order = 124,
  options = {
    { "force", short = "f", type = "flag", help = "For scripts written for docker: this command never asks" },
    filters.option("containers", true),
  },
  run = function(args) require("tiny.client.prune").containers(require("tiny.format").line, filters.of(args.filter, true)) end,
}
