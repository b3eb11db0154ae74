-- Draws the networks from the current state of the kernel.
return {
  summary = "Draw bridges, links, addresses and published ports",
  order = 6,
  about = "svg is a self-contained picture; dot is for Graphviz.",
  options = { { "format", choices = { "text", "svg", "dot", "json" }, default = "text", value = "FORMAT", help = "Output format: text, svg, dot or json" } },
  run = function(args)
    local format = require "tiny.format"
    local found = require("tiny.client.network_snapshot").take()
    if args.format == "json" then return format.line(format.clean_json(tiny.json_encode(found, { pretty = true }))) end
    local draw = args.format == "svg" and require "tiny.net.svg" or require("tiny.net.graph")[args.format]
    format.write((draw(found)))
    format.flush()
  end,
}
