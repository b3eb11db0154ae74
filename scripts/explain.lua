-- Explains a running container: what it is made of, and which line of the recipe or of the shipped Lua made it.
local anatomy = require "tiny.inspect.live"
local format = require "tiny.format"

local function text(found)
  local colour = format.colour("bold", "") ~= ""
  local columns = tiny.isatty(1) and select(2, tiny.terminal_size(tiny.stdio(1))) or 0
  return anatomy.text(found, { width = columns > 0 and columns or 100, colour = colour })
end

-- The part of the host's networks that the container is in, as a picture.
local function picture(found)
  if #found.network.networks == 0 then return nil end
  local all = tiny.try(require("tiny.client.network_snapshot").take)
  return all and require "tiny.net.svg"(require("tiny.client.network_snapshot").around(all, found.id))
end

return {
  summary = "Explain what a running container is made of",
  about = "Its processes, namespaces against the host's, mounts with their sources, limits and use, capabilities, filter of\n"
    .. "system calls and network, each with the line of its recipe and of the shipped Lua that made it.\n"
    .. "--html writes one page that needs nothing else: no script, nothing from elsewhere; for a screen, a phone and paper.",
  options = {
    { "html", value = "FILE", help = "Write a page to this file instead (- is standard output)" },
    { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "text or json" },
  },
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Its name, or the beginning of its id" } },
  run = function(args)
    local found = anatomy.of(require("tiny.state").find(args.container))
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
