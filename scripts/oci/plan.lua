-- Shows the steps by which a bundle's container would be created and started, without taking them.
return {
  summary = "Show the steps for a bundle without taking them",
  order = 16,
  about = "Nothing on the machine changes: the steps run with a fake of every primitive that has effects. oci.lua and the recipe\n"
    .. "that an annotation names take part.",
  options = {
    { "bundle", short = "b", value = "DIR", default = ".", help = "The bundle [default: the working directory]" },
    { "config", short = "f", value = "FILE", help = "Read the configuration from FILE instead of the bundle's config.json" },
    { "all", short = "a", type = "flag", help = "Also show steps that create files and directories or move bytes" },
    { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "Output format: text or json" },
  },
  args = {},
  run = function(args)
    local format, plan = require "tiny.format", require "tiny.dev.plan"
    local found = plan.of_bundle(args.bundle, args.config)
    if args.format == "json" then return format.line(format.clean_json(tiny.json_encode(found, { pretty = true }))) end
    format.write(plan.text(found, { all = args.all, colour = format.colour("bold", "") ~= "" }))
  end,
}
