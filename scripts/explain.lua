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

-- Where one file of the container comes from.
local function explain_file(args, container, found)
  local file = require "tiny.inspect.file"
  if args.html then tiny.fail { message = "explain: --html shows a container, not a file of it", hint = "leave out one of the two", exit = 2 } end
  local one = file.of(found, container, args.path)
  if args.format == "json" then
    -- Names of files may be any bytes.
    local text = require("tiny.inspect.source").text
    for _, key in ipairs { "path", "given", "link", "source" } do one[key] = one[key] and text(one[key]) end
    for _, layer in ipairs(one.layers or {}) do layer.path = text(layer.path) end
    return format.line(format.clean_json(tiny.json_encode(one, { pretty = true })))
  end
  local image = found.image and (require("tiny.images.reference").shown(found.image.name))
  format.line(format.colour("bold", format.clean(one.path)))
  local rows = file.rows(one, image)
  for _, row in ipairs(rows) do row[1] = "  " .. row[1] end
  format.table(nil, rows)
end

return {
  summary = "Show what a running container is made of, and why",
  section = "Containers",
  order = 113,
  about = "Prints its processes, its namespaces compared with the host's, the layers of its image, mounts\n"
    .. "and their sources, limits and usage, capabilities, system call filter and network, each with the\n"
    .. "line of the recipe or of the shipped Lua that set it up.\n"
    .. "With a path, it shows where this file of the container comes from: a layer of its image, the\n"
    .. "writable layer, a volume or another mount.\n"
    .. "--html writes one self-contained page without scripts, for screens, phones and print.",
  options = {
    { "html", value = "FILE", help = "Write an HTML page to this file; - is standard output" },
    { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "Output format: text or json" },
  },
  args = {
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
    { "path", value = "PATH", required = false, help = "A file of the container [default: the container itself]" },
  },
  run = function(args)
    local container, missing = tiny.try(require("tiny.state").find, args.container)
    -- One that an engine has started through the OCI runtime.
    local engines = missing and require("tiny.inspect.bundle").find(args.container)
    if missing and not engines then error(missing, 0) end
    local found = engines and require("tiny.inspect.bundle").of(engines) or live.of(container)
    if args.path and engines then tiny.fail { message = "explain: a file of an engine's container is not looked for", exit = 2 } end
    if args.path then return explain_file(args, container, found) end
    if args.html then
      local page = require "tiny.inspect.html"(found, container and picture(found))
      if args.html == "-" then return format.write(page) end
      require("tiny.base.output_file").check(args.html, "--html", "- is standard output")
      return tiny.write_file(args.html, page, { mode = tonumber("644", 8) })
    end
    if args.format == "json" then return format.line(format.clean_json(tiny.json_encode(found, { pretty = true }))) end
    format.write(text(found))
  end,
}
