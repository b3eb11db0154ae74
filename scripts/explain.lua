-- Explains a running container: its parts, and the line of the recipe or of the shipped Lua that made each part.
local live = require "tiny.inspect.live"
local format = require "tiny.format"

local function text(found)
  local colour = format.colour("bold", "") ~= ""
  local columns = tiny.isatty(1) and select(2, tiny.terminal_size(tiny.stdio(1))) or 0
  return live.text(found, { width = columns > 0 and columns or 100, colour = colour })
end

-- A picture of the networks that the container is connected to.
local function picture(found)
  if #found.network.networks == 0 then return nil end
  local all = tiny.try(require("tiny.client.network_snapshot").take)
  return all and require "tiny.net.svg"(require("tiny.client.network_snapshot").around(all, found.id))
end

return {
  summary = "Show what a running container is made of, and why",
  section = "Containers",
  order = 113,
  about = "Prints its processes, its namespaces compared with the host's, mounts and their sources, limits and usage,\n"
    .. "capabilities, system call filter and network, each with the line of the recipe or of the shipped Lua that set it up.\n"
    .. "--html writes one self-contained page without scripts, for screens, phones and print.",
  options = {
    { "html", value = "FILE", help = "Write an HTML page to this file; - is standard output" },
    { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "Output format: text or json" },
  },
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" } },
  run = function(args)
    local found = live.of(require("tiny.state").find(args.container))
    if args.html then
      local page = require "tiny.inspect.html"(found, picture(found))
      if args.html == "-" then return format.write(page) end
      require("tiny.base.output_file").check(args.html, "--html", "- is standard output")
      return tiny.write_file(args.html, page, { mode = tonumber("644", 8) })
    end
    if args.format == "json" then return format.line(format.clean_json(tiny.json_encode(found, { pretty = true }))) end
    format.write(text(found))
  end,
}
