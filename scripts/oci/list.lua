-- Lists the containers of a root.
return {
  summary = "List the containers",
  order = 11,
  options = {
    { "format", short = "f", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "table or json" },
    { "quiet", short = "q", type = "flag", help = "Print only the ids" },
  },
  args = {},
  run = function(args)
    require("tiny.oci.show").list(args.format, args.quiet)
  end,
}
