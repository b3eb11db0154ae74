-- Brings up a topology: the containers and networks that one recipe describes.
return {
  summary = "Bring up the containers and networks of one file",
  about = "Those that need others start when these are ready, the rest at once. Once more, it changes only what differs:\n"
    .. "what is described otherwise is made anew, what is not described any more goes.",
  args = { { "file", trailing = true, value = "FILE.lua", help = "The topology, and its arguments" } },
  seal = true,
  run = function(args)
    require("tiny.compose.project").up(args.file[1], table.move(args.file, 2, #args.file, 1, {}))
  end,
}
