-- Lists the processes of a container.
return {
  summary = "List the processes of a container",
  order = 10,
  options = { { "format", short = "f", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "table or json" } },
  args = {
    { "id", value = "ID", help = "The container's id" },
    { "options", trailing = true, required = false, value = "OPTIONS", help = "Options of ps(1) for the table [default: -ef]" },
  },
  run = function(args)
    return require("tiny.oci.show").processes(args.id, args.format, args.options)
  end,
}
