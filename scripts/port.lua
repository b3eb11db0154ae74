-- Lists the published ports of a container.
local format = require "tiny.format"

return {
  summary = "List the published ports of a container",
  section = "Networks",
  order = 202,
  options = { { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" } },
  args = {
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
    { "port", required = false, value = "PORT[/tcp|/udp]", help = "Show only this port of the container" },
  },
  run = function(args)
    local container = require("tiny.state").find(args.container)
    local ports, found = container.state.ports or {}, 0
    if args.format == "json" then return format.json(ports) end
    local number, proto = (args.port or ""):match("^(%d+)/?(%a*)$")
    if args.port and not number then tiny.fail { message = ("%s is not PORT[/tcp|/udp]"):format(tiny.show(args.port)), exit = 2 } end
    for _, port in ipairs(ports) do
      local wanted = not number or (port.to == tonumber(number) and (proto == "" or proto == port.proto))
      local host = port.host and (port.host:find(":", 1, true) and "[" .. port.host .. "]" or port.host) or "0.0.0.0"
      local place = ("%s:%d"):format(host, port.port)
      if wanted then
        found = found + 1
        format.line(number and place or ("%d/%s -> %s"):format(port.to, port.proto, place))
      end
    end
    if number and found == 0 then
      tiny.fail { message = ("port %s of %s is not published"):format(args.port, container.config.name), hint = "publish it with -p when you create the container", exit = 1 }
    end
  end,
}
