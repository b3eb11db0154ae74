-- Removes all containers that are not running.
return {
  summary = "Remove all containers that are not running",
  section = "Containers",
  order = 124,
  options = { { "force", short = "f", type = "flag", help = "For scripts written for docker: this command never asks" } },
  run = function() require("tiny.client.prune").containers(require("tiny.format").line) end,
}
