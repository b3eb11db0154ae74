-- Stops and removes a topology.
return {
  summary = "Stop and remove the containers and networks of a topology",
  section = "Recipes and topologies",
  order = 302,
  options = {
    { "time", short = "t", type = "duration", help = "Time to wait before SIGKILL [default: that of the container, or 10s]" },
    { "volumes", short = "v", type = "flag", help = "Also remove its named volumes" },
  },
  args = { { "project", value = "FILE.lua|PROJECT", help = "The topology, or its project name" } },
  run = function(args)
    local project = require "tiny.compose.project"
    local self = args.project:match("%.lua$") and project.read(args.project) or nil
    return project.down(self and self.name or args.project, self, { time = args.time, volumes = args.volumes })
  end,
}
