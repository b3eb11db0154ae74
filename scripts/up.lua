-- Starts a topology: the containers and networks that one file describes.
return {
  summary = "Create and start the containers and networks of a topology",
  section = "Recipes and topologies",
  order = 301,
  about = "A container starts when the containers that it needs are ready; others start at once. If the\n"
    .. "topology is already up, only the differences are applied: what changed is recreated, what is\n"
    .. "no longer in the file is removed. A recreated container keeps the anonymous volumes of its\n"
    .. "predecessor, by their paths, as with docker compose.",
  options = {
    { "renew-anon-volumes", short = "V", type = "flag", help = "Recreate all containers, and remove their anonymous volumes first" },
    { "detach", short = "d", type = "flag", help = "For scripts written for docker: the containers always run in the background" },
  },
  args = { { "file", trailing = true, value = "FILE.lua", help = "The topology and its arguments" } },
  seal = true,
  run = function(args)
    require("tiny.compose.project").up(args.file[1], table.move(args.file, 2, #args.file, 1, {}), { renew = args.renew_anon_volumes })
  end,
}
