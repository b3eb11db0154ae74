-- Draws the networks as the kernel has them.
return {
  summary = "Draw bridges, cables, addresses and published ports",
  about = "svg is a picture that needs nothing else; dot is for graphviz.",
  options = { { "format", choices = { "text", "svg", "dot", "json" }, default = "text", value = "FORMAT", help = "text, svg, dot or json" } },
  run = function(args)
    local format = require "tiny.format"
    local found = require("tiny.client.network_snapshot").take()
    if args.format == "json" then return format.line(format.clean_json(tiny.json_encode(found, { pretty = true }))) end
    local draw = args.format == "svg" and require "tiny.net.svg" or require("tiny.net.graph")[args.format]
    format.write((draw(found)))
    format.flush()
  end,
}
