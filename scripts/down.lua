-- Takes a topology down.
return {
  summary = "Take down what up brought up",
  options = {
    { "time", short = "t", type = "duration", help = "How long before SIGKILL [default: the container's, or 10s]" },
    { "volumes", type = "flag", help = "Remove its named volumes too" },
  },
  args = { { "project", value = "FILE.lua|PROJECT", help = "The topology, or the name of its project" } },
  run = function(args)
    local project = require "tiny.compose.project"
    local self = args.project:match("%.lua$") and project.read(args.project) or nil
    return project.down(self and self.name or args.project, self, { time = args.time, volumes = args.volumes })
  end,
}
