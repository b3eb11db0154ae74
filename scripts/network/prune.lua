-- Removes all unused networks.
local filters = require "tiny.cli.prune_filters"

return {
  summary = "Remove all unused networks",
  order = 9,
  about = "A network that only stopped containers use is kept, because they need it to start again.",
  options = {
    { "force", short = "f", type = "flag", help = "For scripts written for docker: this command never asks" },
    filters.option("networks", true),
  },
  run = function(args) return require("tiny.client.prune").networks(require("tiny.format").line, filters.of(args.filter, true)) end,
}
